// Code written for jaeger-client, with nothing changed but its import line: two services in one trace, over OTLP.
//
//   npm run example jaeger        JAEGER_ENDPOINT says where to: http://localhost:4318/v1/traces, or the collector's old address

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { initTracerFromEnv } from "node-opentracing/jaeger"; // was: from "jaeger-client"
import { FORMAT_HTTP_HEADERS, Tags } from "opentracing";

const config = { serviceName: "hello-world", sampler: { type: "const", param: 1 }, reporter: { logSpans: true } };
const options = { logger: console, tags: { "hello-world.version": "1.1.2" } };
const tracer = initTracerFromEnv(config, options);

const server = createServer((request, response) => {
  const parent = tracer.extract(FORMAT_HTTP_HEADERS, request.headers);
  const span = tracer.startSpan("format", { ...(parent && { childOf: parent }) });
  span.setTag(Tags.SPAN_KIND, Tags.SPAN_KIND_RPC_SERVER);
  response.end(`${span.getBaggageItem("greeting")}, Bryan!`);
  span.finish();
});
await once(server.listen(0, "127.0.0.1"), "listening");

const span = tracer.startSpan("say-hello").setBaggageItem("greeting", "Bonjour");
const headers: Record<string, string> = {};
tracer.inject(span, FORMAT_HTTP_HEADERS, headers);
const { port } = server.address() as AddressInfo;
console.log(await (await fetch(`http://127.0.0.1:${port}/`, { headers })).text());
span.finish();

server.close();
server.closeAllConnections();
tracer.close(() => console.log("closed"));
