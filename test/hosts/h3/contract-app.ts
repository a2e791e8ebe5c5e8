// The server contract's application in h3 on Node.

import { once } from "node:events";
import http from "node:http";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { type EventHandler, H3, type H3Event, HTTPError } from "h3";
import { toNodeHandler } from "h3/node";
import { tracingPlugin } from "h3/tracing";
import { Tracing } from "node-opentracing";
import { h3Tracing } from "node-opentracing/h3";
import { type ContractApp, type ContractHost, type ContractSetup, contractError } from "node-opentracing/testing";
import { traceServers } from "#src/hosts/servers.js";
import { listening, NOT_HTTP2 } from "../http2/contract-app.js";

/** How an application is traced: by `initTracing()` with our plug-in, or with h3's own; or alone, by our plug-in. */
type Form = "h3 2.0" | "h3 2.0 by its channel" | "h3 2.0 alone" | "h3 2.0 http2";

const NO_UPGRADE = [{ test: "end: an upgrade that is refused: 403", reason: "an upgrade reaches no middleware" }];

export const H3_HOSTS: readonly ContractHost[] = [
  host("h3 2.0"),
  host("h3 2.0 by its channel"),
  host("h3 2.0 alone"),
  host("h3 2.0 http2"),
];

function host(form: Form): ContractHost {
  const isHttp2 = form === "h3 2.0 http2";
  return {
    name: form,
    component: "h3",
    startComponent: isHttp2 ? "node:http2" : "node:http",
    operationName: (method, route) => `${method} ${route}`,
    protocol: isHttp2 ? "h2" : "http/1.1",
    start: (setup) => start(setup, form),
    skip: isHttp2 ? NOT_HTTP2 : form === "h3 2.0 alone" ? NO_UPGRADE : [],
  };
}

async function start(setup: ContractSetup, form: Form): Promise<ContractApp> {
  const tracing = new Tracing(setup.tracer, setup.options);
  const undo = form === "h3 2.0 alone" ? () => {} : traceServers(tracing.http);
  const app = new H3({ silent: true });
  if (form === "h3 2.0 by its channel") app.register(tracingPlugin());
  else app.register(h3Tracing(form === "h3 2.0 alone" ? { tracing } : {}));
  routes(app, setup, setup.decorate === undefined ? (handler) => handler : tracing.trace([...setup.decorate]));
  if (form === "h3 2.0 http2") return listening(http2.createServer(toNodeHandler(app)), tracing, undo);
  const server = http.createServer(toNodeHandler(app));
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    server,
    port: (server.address() as AddressInfo).port,
    tracing,
    async close() {
      server.close();
      server.closeAllConnections();
      undo();
      await tracing.close();
    },
  };
}

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function routes(app: H3, setup: ContractSetup, decorated: (handler: EventHandler) => EventHandler): void {
  const probe = (event: H3Event): unknown => setup.probe(nodeOf(event).req, nodeOf(event).res);
  function add(method: "get" | "post", path: string, handler: EventHandler): void {
    app[method](path, decorated(handler));
  }
  add("get", "/ok", async (event) => {
    await probe(event);
    return "ok";
  });
  add("get", "/items/:id", async (event) => {
    await probe(event);
    return event.context.params!["id"];
  });
  add("post", "/upload", async (event) => {
    await probe(event);
    event.res.statusText = "OK"; // which srvx leaves out
    return String((await event.req.arrayBuffer()).byteLength);
  });
  add("get", "/status/:code", async (event) => {
    await probe(event);
    return new Response(null, { status: Number(event.context.params!["code"]) });
  });
  add("get", "/throw", (event) => {
    probe(event);
    throw contractError();
  });
  add("get", "/reject", async (event) => {
    await probe(event);
    await tick();
    throw contractError();
  });
  add("get", "/refuse", async (event) => {
    await probe(event);
    throw new HTTPError({ status: 404, message: "refused" });
  });
  add("get", "/stream", async (event) => {
    await probe(event);
    return Readable.toWeb(Readable.from(words()));
  });
  add("get", "/cut", async (event) => {
    await probe(event);
    const { res } = nodeOf(event);
    res.write("one", () => res.destroy());
    return new Promise(() => {});
  });
  add("get", "/break", async (event) => {
    await probe(event);
    await new Promise((resolve) => nodeOf(event).res.write("one", resolve));
    probe(event);
    throw contractError();
  });
  add("get", "/hold", async (event) => {
    await probe(event);
    return new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode("one")) });
  });
  const never: EventHandler = async (event) => {
    await probe(event);
    nodeOf(event)
      .req.on("error", () => {})
      .resume();
    return new Promise(() => {});
  };
  add("get", "/never", never);
  add("post", "/never", never);
}

function nodeOf(event: H3Event): { req: http.IncomingMessage; res: http.ServerResponse } {
  return event.runtime!.node as never;
}

async function* words(): AsyncGenerator<Buffer> {
  for (const word of ["one ", "two ", "three"]) {
    yield Buffer.from(word);
    await tick();
  }
}
