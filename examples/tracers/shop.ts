// What the tracers' examples trace: an order that asks for its stock, both served here.

import { createServer } from "node:http";
import type { Tracing } from "node-opentracing";

/** Serves on PORT, else on 8080. */
export function serveShop(tracing: Tracing): void {
  const server = createServer(async (request, response) => {
    if (request.url === "/stock") {
      response.end("3 left");
      return;
    }
    const stock = await tracing.startActiveSpan("load order", async (span) => {
      span.setTag("order.id", 7);
      return (await fetch(new URL("/stock", `http://${request.headers.host}`))).text();
    });
    response.end(`order 7: ${stock}`);
  });
  server.listen(Number(process.env["PORT"] ?? 8080), "127.0.0.1", () => {
    const address = server.address() as { port: number };
    console.log(`curl http://127.0.0.1:${address.port}/orders/7`);
  });
}
