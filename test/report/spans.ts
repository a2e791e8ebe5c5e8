// Finished spans to report, made by hand or at random.

import type { FinishedSpan } from "node-opentracing";
import { SpanContext } from "#src/tracer/span-context.js";
import { SpanRecord } from "#src/tracer/span-record.js";

const START = 1_763_800_000_000;

/** A finished span: a server's, of 12.5 ms, with a remote parent. */
export function span(changes: Partial<FinishedSpan> = {}): FinishedSpan {
  const record = new SpanRecord(context(1), "GET /orders", START + 0.25, 0);
  record.endTime = START + 12.75;
  record.tags = ["span.kind", "server", "http.status_code", 200];
  return Object.assign(record, changes);
}

/** A context whose ids are told from `seed`. */
export function context(seed: number, changes: Partial<SpanContext> = {}): SpanContext {
  const ids = {
    traceId0: seed,
    traceId1: -seed,
    traceId2: seed * 3,
    traceId3: seed * 5,
    spanId0: seed * 7,
    spanId1: -7,
  };
  return Object.assign(new SpanContext(), ids, { traceFlags: 3 }, changes);
}

/** Random numbers that are the same in each run: mulberry32. */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const NAMES = [
  "http.method",
  "http.url",
  "http.host",
  "http.status_code",
  "span.kind",
  "error",
  "peer.hostname",
  "peer.port",
];
const NAMES_OF_USERS = [
  "a",
  "ключ",
  "user.id",
  "x".repeat(130),
  "",
  "__proto__",
  "url.path",
  "error.type",
  "server.port",
];
const TEXTS = [
  "",
  "GET",
  "server",
  "client",
  "/a?b=c#d",
  "http://u:p@[::1]:8080/x?y",
  "é",
  "😀".repeat(40),
  "\ud800",
  "a".repeat(63),
];

/** Any span that users could make, the odd ones more often than not. */
export function randomSpan(random: () => number): FinishedSpan {
  const below = (n: number): number => Math.floor(random() * n);
  const word = (): number => below(2 ** 32) | 0;
  const oneOf = <T>(list: readonly T[]): T => list[below(list.length)]!;

  function value(depth: number): unknown {
    switch (below(depth > 1 ? 9 : 12)) {
      case 0:
        return oneOf(TEXTS);
      case 1:
        return String.fromCharCode(...Array.from({ length: below(300) }, () => below(0x10000)));
      case 2:
        return random() < 0.5;
      case 3:
        return below(1000) - 500;
      case 4:
        return (random() - 0.5) * 2 ** below(70);
      case 5:
        return oneOf([0, -1, 127, 128, 2 ** 31, 2 ** 32 - 1, 2 ** 32, -(2 ** 32), 2 ** 53 - 1, -(2 ** 53), 1e300]);
      case 6:
        return BigInt(word()) * BigInt(word()) * BigInt(below(4));
      case 7:
        return oneOf([undefined, null, Symbol("s"), () => 1, new Date(0), new URL("http://a/b"), new Map()]);
      case 8:
        return "y".repeat(below(2_000));
      case 9:
        return Array.from({ length: below(150) }, () => value(depth + 1));
      case 10:
        return { a: value(depth + 1), [String(oneOf(TEXTS))]: 1 };
      default:
        return oneOf([new TypeError("no"), Object.assign(new Error("ä"), { code: "ECONNRESET" })]);
    }
  }
  const anyContext = (): SpanContext =>
    Object.assign(new SpanContext(), {
      traceId0: word(),
      traceId3: word() | 1,
      spanId0: word(),
      spanId1: word() | 1,
      traceFlags: below(4),
      traceState: oneOf(["", "a=b", `vendor=${"x".repeat(200)}`]),
      isRemote: random() < 0.5,
    });

  const record = new SpanRecord(anyContext(), String(oneOf(TEXTS)), START + random() * 1e9, 0);
  record.endTime = record.startTime + random() * 1000;
  if (random() < 0.7)
    Object.assign(record, { parentSpanId0: word(), parentSpanId1: word() | 1, parentIsRemote: random() < 0.5 });
  const names = [...NAMES, ...NAMES_OF_USERS].filter(() => random() < 0.4);
  for (const name of names) record.tags.push(name, name === "error" ? random() < 0.5 : value(0));
  for (let i = below(4); i > 0; i--) {
    const error =
      random() < 0.5
        ? { event: "error", "error.object": value(0) }
        : { event: value(0), [oneOf(NAMES_OF_USERS)]: value(0) };
    record.addLog({ timestamp: record.startTime + i, fields: error });
  }
  if (random() < 0.3) {
    record.references = Array.from({ length: 1 + below(3) }, () => ({
      type: oneOf(["child_of", "follows_from", "link"]),
      context: anyContext(),
    }));
  }
  record.droppedTags = below(3) * 100;
  record.droppedLogs = below(3) * 100;
  return record;
}
