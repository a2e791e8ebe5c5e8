// Express with nested routers: every request a span that is named after its route. Order 0 fails.
//
//   npm run example express        then: curl http://127.0.0.1:8080/orgs/7/orders/1   and   /orgs/7/orders/0

import express from "express";
import { ConsoleReporter, initTracing } from "node-opentracing";

// Remove `reporter` to export over OTLP; or set OTEL_TRACES_EXPORTER.
const tracing = initTracing({ serviceName: "express", reporter: new ConsoleReporter() });

const orders = express.Router();
orders.get("/:id", (request, response) => {
  response.send(tracing.startActiveSpan("load order", () => load(request.params.id)));
});

const app = express();
app.use("/orgs/:org/orders", orders);

function load(id: string): string {
  if (id === "0") throw new Error("there is no order 0");
  return `order ${id}`;
}

const port = Number(process.env["PORT"] ?? 8080);
app.listen(port, "127.0.0.1", () => console.log(`curl http://127.0.0.1:${port}/orgs/7/orders/1`));
