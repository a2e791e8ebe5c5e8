// The program that README shows: every request a span, and one span more by startActiveSpan.
//
//   npm run example hello        then: curl http://127.0.0.1:8080/orders/7

import { createServer } from "node:http";
import { ConsoleReporter, initTracing } from "node-opentracing";

const tracing = initTracing({ serviceName: "shop", reporter: new ConsoleReporter() });

const server = createServer(async (request, response) => {
  const order = await tracing.startActiveSpan("load order", async (span) => {
    span.setTag("order.path", request.url);
    return "tea and cups\n";
  }); // finishes with the promise, records what it throws
  response.end(order);
});
const port = Number(process.env["PORT"] ?? 8080);
server.listen(port, "127.0.0.1", () => console.log(`curl http://127.0.0.1:${port}/orders/7`));
