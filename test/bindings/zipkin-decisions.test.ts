// zipkin-javascript-opentracing and the decisions of B3: left open they are the sampler's, and debug traces stay so.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { FORMAT_HTTP_HEADERS } from "opentracing";
import { zipkin } from "#src/bindings/zipkin.js";
import { installed, zipkinCollector } from "./protocols.js";
import { startSink } from "./sink.js";

process.chdir(installed);
const { sampler: samplers } = createRequire(join(installed, "index.js"))("zipkin");

const IDS = { "x-b3-traceid": "463ac35c9f6413ad", "x-b3-spanid": "a2fb4a1d1a96d312" };

/** What a child of such a caller sends on, with the spans that were sent to Zipkin of that child and its own child. */
async function served(headers: object, evaluate: (id: { traceId: string }) => boolean) {
  const collector = zipkinCollector();
  const reported: (boolean | undefined)[] = [];
  const sink = await startSink({
    ...collector,
    decode(body) {
      for (const { debug } of JSON.parse(String(body)) as { debug?: boolean }[]) reported.push(debug);
      return collector.decode(body);
    },
  });
  const parameters = { endpoint: sink.url, sampler: new samplers.Sampler(evaluate) };
  const { tracer, close } = zipkin({ parameters, serviceName: "shop", defaultName: "" });
  const caller = tracer.extract(FORMAT_HTTP_HEADERS, { ...IDS, ...headers })!;
  const server = tracer.startSpan("server", { childOf: caller, tags: { "span.kind": "server" } });
  const child = tracer.startSpan("child", { childOf: server });
  const carrier: Record<string, string> = {};
  tracer.inject(child, FORMAT_HTTP_HEADERS, carrier);
  child.finish();
  server.finish();
  await close();
  assert.ok(sink.spans.every(({ traceId }) => traceId === IDS["x-b3-traceid"]));
  return { sampled: carrier["x-b3-sampled"], flags: carrier["x-b3-flags"], reported };
}

const never = (): boolean => false;
const always = (): boolean => true;
const kept = { sampled: "1", flags: undefined, reported: [undefined, undefined] };
const dropped = { sampled: "0", flags: undefined, reported: [] };

test("a decision that the caller left open is the sampler's, which is asked once", async () => {
  let asked = 0;
  const once = ({ traceId }: { traceId: string }): boolean => traceId === IDS["x-b3-traceid"] && ++asked === 1;
  assert.deepEqual(await served({}, once), kept);
  assert.equal(asked, 1);
  assert.deepEqual(await served({}, never), dropped);
});

test("a decision of the caller counts", async () => {
  for (const yes of ["1", "true"]) assert.deepEqual(await served({ "x-b3-sampled": yes }, never), kept);
  for (const no of ["0", "false"]) assert.deepEqual(await served({ "x-b3-sampled": no }, always), dropped);
});

test("a debug trace is one at Zipkin and for those who are called, whatever else the caller says", async () => {
  const debug = { sampled: undefined, flags: "1", reported: [true, true] };
  assert.deepEqual(await served({ "x-b3-flags": "1" }, never), debug);
  assert.deepEqual(await served({ "x-b3-flags": "1", "x-b3-sampled": "0" }, never), debug);
});
