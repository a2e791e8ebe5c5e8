// A hapi server: initTracing traces its requests, the plug-in names them after their routes. Order 0 fails.
//
//   npm run example hapi        then: curl http://127.0.0.1:8080/orders/7   and   /orders/0

import hapi from "@hapi/hapi";
import { ConsoleReporter, initTracing } from "node-opentracing";
import { hapiTracing } from "node-opentracing/hapi";

// Remove `reporter` to export over OTLP.
const tracing = initTracing({ serviceName: "orders", reporter: new ConsoleReporter() });

const port = Number(process.env["PORT"] ?? 8080);
const server = hapi.server({ port, host: "127.0.0.1", debug: false });
await server.register(hapiTracing);
server.route({
  method: "GET",
  path: "/orders/{id}",
  handler: (request) => {
    const id = Number(request.params["id"]);
    if (id === 0) throw new Error("order 0 is lost");
    return tracing.startActiveSpan("load order", () => ({ id, items: ["tea", "cups"] }));
  },
});

await server.start();
console.log(`curl http://127.0.0.1:${port}/orders/7`);
