// A service traced with jaeger-client. It instruments nothing by itself: headers are read and written by OpenTracing's API.

import { require, versions } from "../packages.mjs";
import { call, serve } from "../serve.mjs";

const { initTracer } = require("jaeger-client");
const { FORMAT_HTTP_HEADERS } = require("opentracing");

const reporter = { report() {}, close() {}, setProcess() {}, name: () => "none" };
const tracer = initTracer(
  { serviceName: "peer", sampler: { type: "const", param: Number(process.env.SAMPLED) } },
  { reporter },
);

await serve(versions("jaeger-client", "opentracing"), async (request, response, { item, next }) => {
  const parent = tracer.extract(FORMAT_HTTP_HEADERS, request.headers);
  const span = tracer.startSpan("GET", { childOf: parent ?? undefined, tags: { "span.kind": "server" } });
  response.on("close", () => span.finish());
  if (item !== null) span.setBaggageItem("item", item);
  const hop = { peer: "jaeger-client", span: seen(span), client: null, next: null };
  if (next === null) return hop;
  const client = tracer.startSpan("GET", { childOf: span, tags: { "span.kind": "client" } });
  const headers = {};
  tracer.inject(client, FORMAT_HTTP_HEADERS, headers);
  const answer = await call(next, undefined, headers);
  client.finish();
  return { ...hop, client: { spanId: padded(client.context().spanIdStr) }, next: answer };
});

function seen(span) {
  const context = span.context();
  return {
    traceId: padded(context.traceIdStr),
    spanId: padded(context.spanIdStr),
    parentId: context.parentIdStr ? padded(context.parentIdStr) : "",
    sampled: context.isSampled(),
    baggage: context.baggage,
  };
}

/** It leaves leading zeros out. */
function padded(id) {
  return id.padStart(id.length > 16 ? 32 : 16, "0");
}
