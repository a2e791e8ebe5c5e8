// What every header format has to do, as cases for any test runner.

import assert from "node:assert/strict";
import { EMPTY_BAGGAGE } from "../propagation/baggage.ts";
import type { Propagator, TextCarrier } from "../propagation/propagator.ts";
import { hasIds, SAMPLED, type TraceContext } from "../trace-context.ts";
import type { ContractCase } from "./contract-case.ts";
import { seededRandom } from "./seeded-random.ts";

export interface PropagationContractOptions {
  /** How the format is called in the names of the cases. */
  readonly name: string;
  readonly propagator: Propagator;
  /** What the format can hold: by default what W3C trace context can, which is all but baggage. Nothing else is compared. */
  readonly carries?: {
    /** Trace id, span id and the sampling decision. */
    readonly ids?: boolean;
    /** Trace ids of 128 bits; without it only those of 64 bits are sent on a round trip. */
    readonly longTraceIds?: boolean;
    /** The W3C tracestate. */
    readonly traceState?: boolean;
    readonly baggage?: boolean;
  };
  /** Those of `propagator.fields` that are written for contexts alone that make use of more than `carries` can say. */
  readonly rareFields?: readonly string[];
  /** How header names begin that are written besides `propagator.fields`, lower case: for formats with a header an item. */
  readonly fieldPrefix?: string;
  /** Carriers with something malformed in this format, none of which may change a context. */
  readonly malformed?: readonly TextCarrier[];
}

const ROUNDS = 500;
/** What a header may hold: visible ASCII characters, spaces and tabs (RFC 9110, section 5.5, without obs-text). */
const HEADER_VALUE = /^[\t\x20-\x7e]*$/;

/** The cases. They are free of chance: random contexts come from a generator with a fixed seed. */
export function propagationContract(options: PropagationContractOptions): ContractCase[] {
  const { name, propagator, carries = { ids: true, longTraceIds: true, traceState: true } } = options;
  const ids = carries.ids === true;
  const cases: ContractCase[] = [];
  const add = (title: string, run: () => void): void => {
    cases.push({ name: `${name}: ${title}`, run });
  };

  /** Contexts that make use of all the format carries. */
  function* contexts(): Generator<TraceContext> {
    const random = seededRandom(1);
    const word = (): number => random.integer(2 ** 32) | 0;
    for (let i = 0; i < ROUNDS; i++) {
      const context = emptyContext();
      if (ids) {
        if (carries.longTraceIds && i % 4 !== 3) [context.traceId0, context.traceId1] = [word(), word()];
        [context.traceId2, context.traceId3] = [word(), word() | 1];
        [context.spanId0, context.spanId1] = [i % 5 === 4 ? 0 : word(), word() | 1];
        context.traceFlags = i % 2 === 0 ? SAMPLED : 0;
      }
      if (carries.traceState && i % 3 === 0) context.traceState = `vendor=${word()},k@other= v ${i}`;
      if (carries.baggage) context.baggage = EMPTY_BAGGAGE.with("user", `é ${word()}%`).with("n", String(i));
      yield Object.freeze(context);
    }
  }

  const written = (context: TraceContext): Record<string, string> => {
    const carrier: Record<string, string> = {};
    propagator.inject(context, carrier);
    return carrier;
  };
  const read = (carrier: TextCarrier): TraceContext => {
    const context = emptyContext();
    propagator.extract(carrier, context);
    return context;
  };
  const comparable = (context: TraceContext): unknown => ({
    ids: ids ? idsOf(context) : undefined,
    sampled: ids ? (context.traceFlags & SAMPLED) !== 0 : undefined,
    traceState: carries.traceState ? context.traceState : undefined,
    baggage: carries.baggage && context.baggage !== undefined ? [...context.baggage.entries()].sort() : undefined,
  });
  const assertReads = (carrier: TextCarrier, expected: TraceContext): void =>
    assert.deepEqual(comparable(read(carrier)), comparable(expected), `read from ${JSON.stringify(carrier)}`);
  const assertUntouched = (carrier: TextCarrier, what: string): void => {
    const before = markedContext();
    const context = { ...before };
    propagator.extract(carrier, context);
    assert.deepEqual(context, before, `${what} changed the context`);
  };

  add("what is written is read again, sampled and not", () => {
    for (const context of contexts()) assertReads(written(context), context);
  });

  add("its fields are the headers it writes, in lower case", () => {
    const seen = new Set<string>();
    for (const context of contexts()) for (const field of Object.keys(written(context))) seen.add(field);
    const prefix = options.fieldPrefix;
    const others = [...seen].filter((field) => prefix === undefined || !field.startsWith(prefix));
    const expected = propagator.fields.filter((field) => seen.has(field) || !options.rareFields?.includes(field));
    assert.deepEqual(others.sort(), expected.sort());
    for (const field of seen) assert.equal(field, field.toLowerCase());
  });

  add("every value it writes may stand in a header", () => {
    for (const context of contexts()) {
      for (const value of Object.values(written(context))) assert.match(value, HEADER_VALUE);
    }
  });

  add("other headers of the carrier are left alone", () => {
    for (const context of contexts()) {
      const carrier: Record<string, string> = { accept: "*/*", "x-other": "1" };
      propagator.inject(context, carrier);
      assert.equal(carrier["accept"], "*/*");
      assert.equal(carrier["x-other"], "1");
    }
  });

  add("a context with nothing in it writes nothing", () => {
    assert.deepEqual(written(Object.freeze(emptyContext())), {});
  });

  add("absent and empty headers leave the context untouched", () => {
    assertUntouched({}, "an empty carrier");
    assertUntouched({ host: "a", accept: "*/*", "user-agent": "b", "x-request-id": "c" }, "other headers");
    for (const value of ["", " ", undefined, []]) {
      assertUntouched(Object.fromEntries(propagator.fields.map((field) => [field, value])), `an empty value`);
    }
  });

  add("malformed headers leave the context untouched", () => {
    for (const carrier of options.malformed ?? []) assertUntouched(carrier, JSON.stringify(carrier));
  });

  add("header names are read in any case", () => {
    for (const context of contexts()) {
      const carrier = written(context);
      assertReads(renamed(carrier, upper, options.fieldPrefix), context);
      assertReads(renamed(carrier, capital, options.fieldPrefix), context);
    }
  });

  add("a list of one value is read as that value", () => {
    for (const context of contexts()) {
      const carrier = Object.entries(written(context)).map(([field, value]) => [field, [value]]);
      assertReads(Object.fromEntries(carrier), context);
    }
  });

  add("Headers and Map are written and read", () => {
    for (const context of contexts()) {
      for (const carrier of [new Headers(), new Map()]) {
        propagator.inject(context, carrier as unknown as TextCarrier);
        assertReads(carrier as unknown as TextCarrier, context);
      }
    }
  });

  add("no carrier makes it throw", () => {
    const context = contexts().next().value!;
    for (const carrier of hostileCarriers(propagator.fields)) {
      read(carrier);
      propagator.inject(context, carrier);
    }
  });

  add("damaged headers never throw, and never leave half of an identity", () => {
    const random = seededRandom(2);
    for (const context of contexts()) {
      const carrier = written(context);
      for (const field of Object.keys(carrier)) {
        const damaged = read({ ...carrier, [field]: random.mutated(carrier[field]!) });
        const some = idsOf(damaged).some((word) => word !== 0);
        assert.equal(some, hasIds(damaged), `half an identity from ${JSON.stringify(carrier)}`);
      }
    }
  });

  return cases;
}

function emptyContext(): TraceContext {
  return {
    traceId0: 0,
    traceId1: 0,
    traceId2: 0,
    traceId3: 0,
    spanId0: 0,
    spanId1: 0,
    traceFlags: 0,
    traceState: "",
    baggage: undefined,
  };
}

/** A context as another format has left it. */
function markedContext(): TraceContext {
  return {
    ...emptyContext(),
    traceId0: 1,
    traceId1: 2,
    traceId2: 3,
    traceId3: 4,
    spanId0: 5,
    spanId1: 6,
    traceFlags: SAMPLED,
    traceState: "before=1",
    baggage: EMPTY_BAGGAGE,
  };
}

function idsOf(context: TraceContext): number[] {
  const { traceId0, traceId1, traceId2, traceId3, spanId0, spanId1 } = context;
  return [traceId0, traceId1, traceId2, traceId3, spanId0, spanId1];
}

/** The carrier with its names in another case. What follows `prefix` is an item's own name, and stays. */
function renamed(
  carrier: Record<string, string>,
  rename: (field: string) => string,
  prefix: string | undefined,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(carrier).map(([field, value]) => {
      const own = prefix !== undefined && field.startsWith(prefix) ? prefix : field;
      return [rename(own) + field.slice(own.length), value];
    }),
  );
}

function upper(field: string): string {
  return field.toUpperCase();
}

function capital(field: string): string {
  return field.charAt(0).toUpperCase() + field.slice(1);
}

/** Objects that throw, refuse, or hold what no header can. */
function hostileCarriers(fields: readonly string[]): TextCarrier[] {
  const fail = (): never => {
    throw new Error("hostile carrier");
  };
  const throwing = { get: fail, set: fail, has: fail, ownKeys: fail, getOwnPropertyDescriptor: fail };
  const values: unknown[] = [null, 7, true, 7n, Symbol("s"), {}, [7], ["a", 7], [[]], fail, Number.NaN, new Date(0)];
  const withValues = values.map((value) => Object.fromEntries(fields.map((field) => [field, value])));
  const getters = Object.defineProperties(
    {},
    Object.fromEntries(fields.map((field) => [field, { get: fail, set: fail, enumerable: true }])),
  );
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return [
    ...withValues,
    getters,
    proxy,
    new Proxy({}, throwing),
    Object.freeze({}),
    Object.create(null),
    [],
    [fields],
    fail,
    new Uint8Array(8),
    Object.fromEntries(fields.map((field) => [field, new Proxy([], throwing)])),
    Object.fromEntries(fields.map((field) => [field, Object.assign(["a"], { join: () => 7, every: () => true })])),
    { get: fail, set: fail },
    { get: () => 7, set: 7 },
    Object.fromEntries(fields.map((field) => [field, "x".repeat(100_000)])),
  ] as TextCarrier[];
}
