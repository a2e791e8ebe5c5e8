// An application with an OpenTelemetry SDK of its own: requests, and spans by our API, go out by its provider, in one trace with
// spans by OpenTelemetry's API.
//
//   npm run example opentelemetry-tracer     then: curl http://127.0.0.1:8080/orders/7

import { createServer } from "node:http";
import { trace } from "@opentelemetry/api";
import { SimpleSpanProcessor, type SpanExporter } from "@opentelemetry/sdk-trace-base";
import { NodeTracerProvider } from "@opentelemetry/sdk-trace-node";
import { initTracing } from "node-opentracing";
import { openTelemetryBinding } from "node-opentracing/opentelemetry";

/** In place of an OTLPTraceExporter: a line a span. */
const exporter: SpanExporter = {
  export(spans, done) {
    for (const { name, instrumentationScope } of spans) console.log(`${name} by ${instrumentationScope.name}`);
    done({ code: 0 });
  },
  shutdown: async () => {},
};
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
provider.register();

const tracing = initTracing(openTelemetryBinding());

const server = createServer(async (_request, response) => {
  await tracing.startActiveSpan("load order", async (span) => {
    span.setTag("order.id", 7);
    trace.getTracer("shop").startActiveSpan("select", (inner) => inner.end());
  });
  response.end("an order\n");
});
const port = Number(process.env["PORT"] ?? 8080);
server.listen(port, "127.0.0.1", () => console.log(`curl http://127.0.0.1:${port}/orders/7`));
