// docs/migrating.md, "From dd-trace's OpenTracing API": the same application after. Started as a process of its own.

import { createServer } from "node:http";
import { initTracing, type Settings } from "node-opentracing";

const stay: Settings = { tracerCallable: "dd-trace", tracerParameters: { service: "shop" } };

const leave: Settings = { serviceName: "shop", propagators: ["datadog", "tracecontext", "baggage"] };

const tracing = initTracing(process.argv[2] === "leave" ? leave : stay);

const loadOrder = (id: number): Promise<string> =>
  tracing.startActiveSpan("load order", (span) => {
    span.setTag("order.id", id);
    return readOrder(id);
  });

const readOrder = (id: number): Promise<string> =>
  tracing.startActiveSpan("read order", async () => {
    if (id === 0) throw new RangeError("no order 0");
    return `order ${id}`;
  });

const server = createServer(async (request, response) => {
  try {
    response.end(await loadOrder(Number(request.url?.slice("/orders/".length))));
  } catch (error) {
    response.writeHead(500).end(String(error));
  }
});
server.listen(0, "127.0.0.1", () => console.log(`port ${(server.address() as { port: number }).port}`));
