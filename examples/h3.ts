// h3 with a mounted application: every request a span that is named after its route. Order 0 fails.
//
//   npm run example h3        then: curl http://127.0.0.1:8080/orgs/7/orders/1   and   /orgs/7/orders/0

import { H3, serve } from "h3";
import { ConsoleReporter, initTracing } from "node-opentracing";
import { h3Tracing } from "node-opentracing/h3";

// Remove `reporter` to export over OTLP; or set OTEL_TRACES_EXPORTER.
const tracing = initTracing({ serviceName: "h3", reporter: new ConsoleReporter() });

const orders = new H3();
orders.get("/:id", (event) => tracing.startActiveSpan("load order", () => load(event.context.params!["id"]!)));

const app = new H3({ silent: true, plugins: [h3Tracing()] });
app.mount("/orgs/:org/orders", orders);

function load(id: string): string {
  if (id === "0") throw new Error("there is no order 0");
  return `order ${id}`;
}

const port = Number(process.env["PORT"] ?? 8080);
await serve(app, { port, hostname: "127.0.0.1", silent: true }).ready();
console.log(`curl http://127.0.0.1:${port}/orgs/7/orders/1`);
