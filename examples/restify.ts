// restify: every request a span that is named after its route. Order 0 fails.
//
//   npm run example restify        then: curl http://127.0.0.1:8080/orders/1   and   /orders/0

import { ConsoleReporter, initTracing } from "node-opentracing";
import restify from "restify";

const tracing = initTracing({ serviceName: "restify", reporter: new ConsoleReporter() });

const server = restify.createServer();
server.get("/orders/:id", async (request, response) => {
  const order = tracing.startActiveSpan("load order", () => load(request.params["id"]!));
  response.send(order);
});

function load(id: string): string {
  if (id === "0") throw new Error("there is no order 0");
  return `order ${id}`;
}

const port = Number(process.env["PORT"] ?? 8080);
server.listen(port, "127.0.0.1", () => console.log(`curl http://127.0.0.1:${port}/orders/1`));
