// docs/migrating.md, "From dd-trace's OpenTracing API": an application before. Started as a process of its own.

import type http from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { globalTracer, initGlobalTracer, type Span, type Tracer } from "opentracing";

interface Datadog extends Tracer {
  init(options: object): unknown;
  scope(): { active(): Span | null; activate<T>(span: Span, fn: () => T): T };
  trace<T>(name: string, fn: (span: Span) => T): T;
}
const require = createRequire(join(process.cwd(), "x.js"));
const tracer = require("dd-trace") as Datadog;

tracer.init({ service: "shop" });
initGlobalTracer(tracer);

async function loadOrder(id: number): Promise<string> {
  const span = globalTracer().startSpan("load order", { childOf: tracer.scope().active()! });
  span.setTag("order.id", id);
  try {
    return await tracer.scope().activate(span, () => readOrder(id));
  } catch (error) {
    span.setTag("error", error);
    throw error;
  } finally {
    span.finish();
  }
}

const readOrder = (id: number): Promise<string> =>
  tracer.trace("read order", async () => {
    if (id === 0) throw new RangeError("no order 0");
    return `order ${id}`;
  });

// What dd-trace traces is required after its init.
const { createServer } = require("node:http") as typeof http;
const server = createServer(async (request, response) => {
  try {
    response.end(await loadOrder(Number(request.url?.slice("/orders/".length))));
  } catch (error) {
    response.writeHead(500).end(String(error));
  }
});
server.listen(0, "127.0.0.1", () => console.log(`port ${(server.address() as { port: number }).port}`));
