// Random trees of asynchronous work: in every step the active span is that of its own call chain.

import assert from "node:assert/strict";
import { pbkdf2, randomBytes } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { stat } from "node:fs/promises";
import { Readable, Transform, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { AsyncScopeManager, MemoryReporter, Tracer, Tracing } from "node-opentracing";
import { hex32, spanIdHex, traceIdHex } from "#src/trace-context.js";

/** A span to be: its name, the way in which each group of children is reached, and the children, side by side. */
interface Plan {
  readonly name: string;
  readonly groups: readonly { readonly step: keyof typeof STEPS; readonly children: readonly Plan[] }[];
}

/** What a step gets: a look whether the right span is active, and the work that lies behind it. */
interface Hop {
  check(where: string): void;
  inner(): Promise<void>;
}

const scope = new AsyncScopeManager();
const CONCURRENT = 300;

// Each of these goes on at a different place of Node, and calls `inner` from there.
const STEPS = {
  async await({ check, inner }: Hop) {
    await null;
    check("behind await");
    await inner();
  },
  timeout: (hop: Hop) => callback(hop, "setTimeout", (go) => setTimeout(go, 1)),
  immediate: (hop: Hop) => callback(hop, "setImmediate", (go) => setImmediate(go)),
  tick: (hop: Hop) => callback(hop, "nextTick", (go) => process.nextTick(go)),
  microtask: (hop: Hop) => callback(hop, "queueMicrotask", (go) => queueMicrotask(go)),
  randomBytes: (hop: Hop) => callback(hop, "crypto.randomBytes", (go) => randomBytes(4, go)),
  pbkdf2: (hop: Hop) => callback(hop, "crypto.pbkdf2", (go) => pbkdf2("a", "b", 1, 8, "sha256", go)),
  async sleep({ check, inner }: Hop) {
    await sleep(1);
    check("behind timers/promises");
    await inner();
  },
  async files({ check, inner }: Hop) {
    await stat(".");
    check("behind fs.promises");
    await inner();
  },
  async thenable({ check, inner }: Hop) {
    await {
      // biome-ignore lint/suspicious/noThenProperty: the step is about thenables
      then(resolve: (value: unknown) => void, reject: (error: unknown) => void) {
        run(() => {
          check("in then");
          return inner();
        }).then(resolve, reject);
      },
    };
  },
  async pipeline({ check, inner }: Hop) {
    const transform = new Transform({
      objectMode: true,
      transform(chunk, _encoding, done) {
        run(async () => {
          check("in a Transform");
          if (chunk === 2) await inner();
        }).then(() => done(null, chunk), done);
      },
    });
    async function* generator(chunks: AsyncIterable<unknown>) {
      for await (const chunk of chunks) {
        check("in a generator of a pipeline");
        yield chunk;
      }
    }
    const sink = new Writable({
      objectMode: true,
      write(_chunk, _encoding, done) {
        run(async () => check("in a Writable")).then(() => done(), done);
      },
    });
    await pipeline(Readable.from([1, 2, 3]), transform, generator, sink);
  },
  async iteration({ check, inner }: Hop) {
    for await (const chunk of Readable.from(["a", "b"])) {
      check("in for await over a stream");
      if (chunk === "b") await inner();
    }
  },
  async asyncGenerator({ check, inner }: Hop) {
    async function* generate() {
      check("in an async generator");
      await null;
      check("in an async generator, behind await");
      yield 1;
      await inner();
      yield 2;
    }
    for await (const _ of generate()) check("in for await");
  },
  async all({ check, inner }: Hop) {
    await Promise.all([inner(), sleep(1).then(() => check("in then behind a timer")), null]);
  },
  async race({ check, inner }: Hop) {
    await Promise.race([inner(), new Promise(() => {})]);
    check("behind Promise.race");
  },
  async any({ check, inner }: Hop) {
    await Promise.any([Promise.reject(new Error("not this one")), inner()]);
    check("behind Promise.any");
  },
  // From here on somebody else calls: without bind, the span would be the caller's.
  bound: (hop: Hop) => callback(hop, "a bound callback", (go) => elsewhere(scope.bind(go))),
  emitter: (hop: Hop) =>
    callback(hop, "a listener of a bound emitter", (go) => {
      const event = Symbol("event");
      shared.once(event, go);
      elsewhere(() => shared.emit(event));
    }),
  async once({ check, inner }: Hop) {
    const emitter = new EventEmitter();
    elsewhere(() => emitter.emit("x"));
    await once(emitter, "x");
    check("behind events.once");
    await inner();
  },
  abort: (hop: Hop) =>
    callback(hop, "a bound listener of an AbortSignal", (go) => {
      const controller = new AbortController();
      controller.signal.addEventListener("abort", scope.bind(go), { once: true });
      elsewhere(() => controller.abort());
    }),
  queue: ({ check, inner }: Hop) =>
    new Promise<void>((resolve, reject) => {
      const job = scope.bind(async () => {
        check("in a job");
        await inner();
      });
      enqueue(() => job().then(resolve, reject));
    }),
  async entered({ check, inner }: Hop) {
    const own = scope.active();
    const none = scope.enter(undefined);
    const again = scope.enter(own);
    const work = inner();
    again.close();
    none.close();
    check("behind close");
    await work;
  },
} satisfies Record<string, (hop: Hop) => Promise<unknown>>;

const stepNames = Object.keys(STEPS) as (keyof typeof STEPS)[];

/** An emitter that all chains share. */
const shared = new EventEmitter();
scope.bindEmitter(shared);

// What runs "elsewhere" runs in nobody's call chain: one pump for all, started before any span.
const thunks: (() => void)[] = [];
let pumping = false;

// Workers that live longer than any span.
const jobs: (() => Promise<void>)[] = [];
const queue = new EventEmitter();

before(() => {
  for (let i = 0; i < 4; i++) void worker();
});

for (const seed of [1, 2, Date.now() % 2 ** 31]) {
  test(`every step of ${CONCURRENT} concurrent random call chains sees its own span (seed ${seed})`, async () => {
    const random = generator(seed);
    const plans = Array.from({ length: CONCURRENT }, (_, i) => plan(String(i), 0, random));
    const reporter = new MemoryReporter();
    const tracing = new Tracing(new Tracer({ reporter }), { scopeManager: scope });
    try {
      await Promise.all(plans.map((root) => perform(tracing, root)));
      assert.equal(scope.active(), undefined);
      assert.deepEqual(parentsIn(reporter), parentsOf(plans));
    } catch (error) {
      throw new Error(`with seed ${seed}`, { cause: error });
    }
  });
}

test("the random trees reach every kind of step", () => {
  const random = generator(1);
  const seen = new Set<string>();
  const visit = (one: Plan): void => {
    for (const { step, children } of one.groups) {
      seen.add(step);
      children.forEach(visit);
    }
  };
  for (let i = 0; i < CONCURRENT; i++) visit(plan(String(i), 0, random));
  assert.deepEqual([...seen].sort(), [...stepNames].sort());
});

function perform(tracing: Tracing, { name, groups }: Plan): Promise<void> {
  return tracing.startActiveSpan(name, async (span) => {
    const check = (where: string): void => {
      if (tracing.activeSpan() !== span) throw new Error(`${where}: span ${name} is not the active one`);
    };
    for (const { step, children } of groups) {
      const inner = async (): Promise<void> => {
        check(`where the children of ${step} start`);
        await Promise.all(children.map((child) => perform(tracing, child)));
        check(`behind the children of ${step}`);
      };
      await STEPS[step]({ check, inner });
      check(`behind ${step}`);
    }
  });
}

function plan(name: string, depth: number, random: (below: number) => number): Plan {
  const groups = Array.from({ length: depth < 3 ? 1 + random(3 - depth) : random(2) }, (_, g) => ({
    step: stepNames[random(stepNames.length)]!,
    children: Array.from({ length: depth < 3 ? random(3) : 0 }, (_, c) => plan(`${name}.${g}${c}`, depth + 1, random)),
  }));
  return { name, groups };
}

/** Child and parent by name, sorted; a root's parent is "". */
function parentsOf(plans: readonly Plan[], parent = ""): string[] {
  const lines = plans.flatMap(({ name, groups }) => [
    `${name} < ${parent}`,
    ...parentsOf(
      groups.flatMap(({ children }) => children),
      name,
    ),
  ]);
  return parent === "" ? lines.sort() : lines;
}

function parentsIn({ spans }: MemoryReporter): string[] {
  const names = new Map(spans.map((span) => [traceIdHex(span.context) + spanIdHex(span.context), span.operationName]));
  return spans
    .map((span) => {
      const isRoot = (span.parentSpanId0 | span.parentSpanId1) === 0;
      const parent = traceIdHex(span.context) + hex32(span.parentSpanId0) + hex32(span.parentSpanId1);
      return `${span.operationName} < ${isRoot ? "" : names.get(parent)}`;
    })
    .sort();
}

/** Goes on in a callback of `start`. */
function callback({ check, inner }: Hop, where: string, start: (go: () => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    start(() => {
      run(() => {
        check(where);
        return inner();
      }).then(resolve, reject);
    });
  });
}

/** Calls `fn`; what it throws becomes a rejection. */
async function run(fn: () => Promise<void>): Promise<void> {
  await fn();
}

function elsewhere(fn: () => void): void {
  thunks.push(fn);
  startPump();
}

function enqueue(job: () => Promise<void>): void {
  jobs.push(job);
  queue.emit("job");
}

/** One `setImmediate` after another, in no span, while there is something to do. */
function startPump(): void {
  if (pumping) return;
  pumping = true;
  scope.run(undefined, setImmediate, function pump() {
    for (const thunk of thunks.splice(0)) {
      thunk();
      assert.equal(scope.active(), undefined, "the pump is in no span");
    }
    pumping = false;
    if (thunks.length > 0) startPump();
  });
}

/** Takes jobs from whoever queued them; itself in no span, for ever. */
async function worker(): Promise<void> {
  for (;;) {
    const job = jobs.shift();
    // Not awaited: a job may wait for jobs queued behind it.
    if (job !== undefined) void job();
    else await once(queue, "job");
    assert.equal(scope.active(), undefined, "the worker is in no span");
  }
}

/** Random whole numbers below a limit, the same for the same seed (mulberry32). */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}
