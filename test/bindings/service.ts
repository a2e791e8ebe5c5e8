// A service for the tests, started as a process of its own: whatever OPENTRACING_TRACER names traces it. Ends on SIGTERM.

import http from "node:http";
import type { AddressInfo } from "node:net";
import { initTracing } from "node-opentracing";

const tracing = initTracing();

type Route = (url: string) => unknown;

const routes: Record<string, Route> = {
  "/": () => "hello",
  "/fetch": async (url) => (await fetch(url)).text(),
  "/work": (url) =>
    tracing.startActiveSpan("work", { tags: { size: 3 } }, async (span) => {
      span.log({ event: "begun", items: 2 });
      span.setOperationName("hard work");
      return (await fetch(url)).text();
    }),
  "/fail": () => {
    throw new TypeError("no stock");
  },
  // The active span comes from a tracer of another kind.
  "/foreign": (url) =>
    tracing.scopeManager.run({ context: () => ({}), finish() {} } as never, async () => (await fetch(url)).text()),
};

const server = http.createServer(async (request, response) => {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  try {
    response.end(await routes[request.url ?? ""]?.(url));
  } catch (error) {
    const span = tracing.activeSpan();
    span?.log({ event: "error", "error.object": error });
    response.writeHead(500).end();
  }
});
server.listen(0, "127.0.0.1", () => console.log(`port ${(server.address() as AddressInfo).port}`));
