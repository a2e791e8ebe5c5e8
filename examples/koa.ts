// Koa with nested routers: every request a span that is named after its route. Order 0 fails.
//
//   npm run example koa        then: curl http://127.0.0.1:8080/orgs/7/orders/1   and   /orgs/7/orders/0

import Router from "@koa/router";
import Koa from "koa";
import { ConsoleReporter, initTracing } from "node-opentracing";
import { koaTracing } from "node-opentracing/koa";

// Remove `reporter` to export over OTLP; or set OTEL_TRACES_EXPORTER.
const tracing = initTracing({ serviceName: "koa", reporter: new ConsoleReporter() });

const orders = new Router();
orders.get("/:id", (ctx) => {
  ctx.body = tracing.startActiveSpan("load order", () => load(ctx.params["id"]!));
});
const orgs = new Router({ prefix: "/orgs" });
orgs.use("/:org/orders", orders.routes());

const app = new Koa();
app.silent = true;
app.use(koaTracing()); // in front of all others
app.use(orgs.routes());

function load(id: string): string {
  if (id === "0") throw new Error("there is no order 0");
  return `order ${id}`;
}

const port = Number(process.env["PORT"] ?? 8080);
app.listen(port, "127.0.0.1", () => console.log(`curl http://127.0.0.1:${port}/orgs/7/orders/1`));
