// An application without an OpenTelemetry SDK: libraries that call OpenTelemetry's API get our tracer, and their spans are in our
// traces.
//
//   npm run example opentelemetry-provider     then: curl http://127.0.0.1:8080/orders/7

import { createServer } from "node:http";
import { SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { ConsoleReporter, initTracing } from "node-opentracing";
import { registerOpenTelemetry } from "node-opentracing/opentelemetry";

const tracing = initTracing({ serviceName: "orders", reporter: new ConsoleReporter({ serviceName: "orders" }) });
registerOpenTelemetry(tracing);

/** In place of a library, such as `@opentelemetry/instrumentation-pg`. */
const database = {
  tracer: trace.getTracer("database", "1.0"),

  select(id: string): string {
    return this.tracer.startActiveSpan("SELECT orders", { kind: SpanKind.CLIENT }, (span) => {
      span.setAttribute("db.system.name", "postgresql");
      if (id === "0") span.setStatus({ code: SpanStatusCode.ERROR, message: "no such order" });
      tracing.startActiveSpan("parse", () => {});
      span.end();
      return `order ${id}\n`;
    });
  },
};

const server = createServer((request, response) => {
  const id = request.url?.split("/").at(-1) ?? "0";
  response.end(tracing.startActiveSpan("load order", () => database.select(id)));
});
const port = Number(process.env["PORT"] ?? 8080);
server.listen(port, "127.0.0.1", () => console.log(`curl http://127.0.0.1:${port}/orders/7`));
