// Hono with a sub-application: every request a span that is named after its route. Order 0 fails.
//
//   npm run example hono        then: curl http://127.0.0.1:8080/orgs/7/orders/1   and   /orgs/7/orders/0

import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { ConsoleReporter, initTracing } from "node-opentracing";
import { honoTracing } from "node-opentracing/hono";

// Remove `reporter` to export over OTLP; or set OTEL_TRACES_EXPORTER.
const tracing = initTracing({ serviceName: "hono", reporter: new ConsoleReporter() });

const orders = new Hono();
orders.get("/:id", (c) => c.text(tracing.startActiveSpan("load order", () => load(c.req.param("id")))));

const app = new Hono();
app.use(honoTracing()); // in front of all others
app.route("/orgs/:org/orders", orders);
app.onError((error, c) => c.text(error.message, 500));

function load(id: string): string {
  if (id === "0") throw new Error("there is no order 0");
  return `order ${id}`;
}

const port = Number(process.env["PORT"] ?? 8080);
serve({ fetch: app.fetch, port, hostname: "127.0.0.1" }, () =>
  console.log(`curl http://127.0.0.1:${port}/orgs/7/orders/1`),
);
