// What is sent to every back end: the spans of real requests through `initTracing`, with all that a span can have.

import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import {
  type FinishedSpan,
  initTracing,
  MemoryReporter,
  MultiReporter,
  type Reporter,
  type Tracing,
} from "node-opentracing";
import { followsFrom } from "opentracing";
import { parentSpanIdHex, spanIdHex, traceIdHex } from "#src/trace-context.js";
import { untraced } from "#src/untraced.js";
import { eventually } from "./eventually.js";

/** What was reported, and what must be found again. */
export interface Scene {
  /** Where the server listened. */
  readonly port: number;
  readonly spans: readonly FinishedSpan[];
  /** The trace of the one request that was not sampled: it must not arrive. */
  readonly unsampledTraceId: string;
}

export const SERVICE_NAME = "shop ünïcode";
export const VENDOR_STATE = "vendor=a1,other=b-2";
export const CALLER = "00f067aa0ba902b7";

/** Characters that are left of a longer tag value. */
export const VALUE_LIMIT = 8192;

/** The spans of all its requests. */
const SPANS = 10;

/** Sends the requests and resolves when all their spans have been handed to `reporter` and flushed. Closes the reporter. */
export async function playScene(reporter: Reporter): Promise<Scene> {
  const memory = new MemoryReporter();
  const tracing = initTracing({
    serviceName: SERVICE_NAME,
    reporter: new MultiReporter([reporter, memory]),
    propagators: ["tracecontext", "baggage", "b3multi"],
  });
  const server = http.createServer((request, response) => void serve(tracing, request, response));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  try {
    const traceId = hex(16);
    const unsampledTraceId = hex(16);
    await get(port, "/orders?page=2", {
      traceparent: `00-${traceId}-${CALLER}-01`,
      tracestate: VENDOR_STATE,
      baggage: "tenant=blue",
    });
    await get(port, "/b3", { "x-b3-traceid": hex(8), "x-b3-spanid": CALLER, "x-b3-sampled": "1" });
    await get(port, "/debug", { "x-b3-traceid": hex(16), "x-b3-spanid": CALLER, "x-b3-flags": "1" });
    await get(port, "/unsampled", { traceparent: `00-${unsampledTraceId}-${CALLER}-00` });
    // A server's span ends with the connection's part in it, which may be after the client has all of the answer.
    await eventually(`${SPANS} spans`, () => (memory.spans.length >= SPANS ? true : undefined));
    return { port, spans: [...memory.spans], unsampledTraceId };
  } finally {
    server.close();
    await tracing.close();
  }
}

async function serve(tracing: Tracing, request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
  const path = request.url!;
  if (path === "/stock") {
    const span = tracing.activeSpan()!;
    const error = Object.assign(new RangeError("no stock left: 在庫なし"), { code: "E_STOCK" });
    span
      .setTag("error", true)
      .log({ event: "error", "error.object": error, message: error.message, stack: error.stack });
    response.writeHead(503).end();
    return;
  }
  if (path.startsWith("/orders")) await work(tracing, request.headers.host!);
  response.end("done");
}

/** Local work with every kind of tag and log, a message, and a call that fails. */
async function work(tracing: Tracing, host: string): Promise<void> {
  const { tracer } = tracing;
  const packing = tracing.startActiveSpan("päck 🎁", (span) => {
    span.addTags(TAGS);
    span.log({ event: "cache miss", key: "ключ", tries: 2, hit: false, ratio: 0.5 });
    span.log({ event: "packed" });
    return span;
  });
  const audit = tracer.startSpan("audit", { references: [followsFrom(packing.context())] });
  const publish = tracing.startActiveSpan("publish", { tags: { "span.kind": "producer" } }, (span) => span);
  tracing.startActiveSpan(
    "consume",
    { childOf: publish, references: [followsFrom(audit.context())], tags: { "span.kind": "consumer", error: false } },
    () => {},
  );
  audit.finish();
  tracing.startActiveSpan("query", { tags: QUERY_TAGS }, () => {});
  const answer = await fetch(`http://${host}/stock`);
  await answer.text();
}

/** Set on one span: each type, each edge that a format could lose. */
export const TAGS = {
  "a.text": 'naïve 文字列 🚀 "quoted" \\ \n line',
  "a.empty": "",
  "an.int": 42,
  "a.negative": -7,
  "a.big": 2 ** 52 + 1,
  "a.bigint": 9_007_199_254_740_993n,
  "a.float": 0.1,
  "a.huge.float": 1e300,
  yes: true,
  no: false,
  "a.list": ["x", "ÿ"],
  "a.list.of.numbers": [1, 2.5, -3],
  "an.object": { a: [1, { b: null }] },
  "a.cut": "z".repeat(3 * VALUE_LIMIT),
  "an.absent": undefined,
} as const;

const QUERY_TAGS = {
  "span.kind": "client",
  "db.type": "sql",
  "db.statement": "SELECT 1",
  "peer.service": "orders-db",
  "peer.ipv4": "127.0.0.9",
  "peer.port": 5432,
} as const;

/** Reports so many spans in traces of a hundred. Resolves with the reported ids, by trace, when the reporter has flushed. */
export function burst(tracing: Tracing, count: number): ReadonlyMap<string, readonly string[]> {
  const ids = new Map<string, string[]>();
  for (let done = 0; done < count; ) {
    const root = tracing.tracer.startSpan("burst", { tags: { "burst.at": done } });
    const inTrace = [root];
    while (inTrace.length < 100 && done + inTrace.length < count) {
      inTrace.push(tracing.tracer.startSpan(`step ${inTrace.length}`, { childOf: root }));
    }
    for (const span of inTrace) span.finish();
    ids.set(
      root.context().toTraceId(),
      inTrace.map((span) => span.context().toSpanId()),
    );
    done += inTrace.length;
  }
  return ids;
}

/** An untraced request, read to its end. */
async function get(port: number, path: string, headers: http.OutgoingHttpHeaders): Promise<void> {
  const [response] = (await once(
    untraced(() => http.get({ host: "127.0.0.1", port, path, headers, agent: false })),
    "response",
  )) as [http.IncomingMessage];
  response.resume();
  await once(response, "end");
}

function hex(bytes: number): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString("hex");
}

/** What tells one span of the scene from the others. */
export function nameInScene({ operationName, tags }: FinishedSpan): string {
  const url = tags[tags.indexOf("http.url") + 1];
  return operationName === "GET" ? `${tags[tags.indexOf("span.kind") + 1]} ${url}` : operationName;
}

/** A span's ids as every back end shows them; a root's parent is "". */
export function idsOf(span: FinishedSpan): {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string;
} {
  return { traceId: traceIdHex(span.context), spanId: spanIdHex(span.context), parentId: parentSpanIdHex(span) };
}
