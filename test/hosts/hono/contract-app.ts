// The server contract's application in Hono on @hono/node-server.

import { once } from "node:events";
import type { Server } from "node:http";
import { createServer as createHttp2, type Http2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import { createAdaptorServer, type HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { type Context, Hono } from "hono";
import { stream } from "hono/streaming";
import { Tracing } from "node-opentracing";
import { honoTracing } from "node-opentracing/hono";
import { type ContractApp, type ContractHost, type ContractSetup, contractError } from "node-opentracing/testing";
import { traceServers } from "#src/hosts/servers.js";
import { listening, NOT_HTTP2 } from "../http2/contract-app.js";

const NO_UPGRADE = [{ test: "end: an upgrade that is refused: 403", reason: "an upgrade reaches no middleware" }];

/** Traced by `initTracing()` with the middleware, and alone by the middleware. */
export const HONO_HOSTS: readonly ContractHost[] = [
  host("hono 4.13"),
  host("hono 4.13 alone", { alone: true }),
  host("hono 4.13 http2", { isHttp2: true }),
];

interface Form {
  readonly alone?: boolean;
  readonly isHttp2?: boolean;
}

function host(name: string, { alone = false, isHttp2 = false }: Form = {}): ContractHost {
  return {
    name,
    component: "hono",
    startComponent: isHttp2 ? "node:http2" : "node:http",
    operationName: (method, route) => `${method} ${route}`,
    protocol: isHttp2 ? "h2" : "http/1.1",
    start: (setup) => start(setup, alone, isHttp2),
    skip: isHttp2 ? NOT_HTTP2 : alone ? NO_UPGRADE : [],
  };
}

async function start(setup: ContractSetup, alone: boolean, isHttp2: boolean): Promise<ContractApp> {
  const tracing = new Tracing(setup.tracer, setup.options);
  const undo = alone ? () => {} : traceServers(tracing.http);
  const app = new Hono<Bindings>();
  app.use(honoTracing(alone ? { tracing } : {}));
  // As Hono's own handler of errors, less its print; and it does not write again what /break has written.
  app.onError((error, c) =>
    c.env.outgoing.headersSent ? RESPONSE_ALREADY_SENT : c.text("failed", (error as { status?: 500 }).status ?? 500),
  );
  routes(app, setup, setup.decorate === undefined ? (handler) => handler : tracing.trace([...setup.decorate]));
  if (isHttp2) {
    const server = createAdaptorServer({ fetch: app.fetch, hostname: "contract.example", createServer: createHttp2 });
    return listening(server as Http2Server, tracing, undo);
  }
  const server = createAdaptorServer({ fetch: app.fetch, hostname: "contract.example" }) as Server;
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

type Bindings = { Bindings: HttpBindings };
type Handler = (c: Context<Bindings>) => Response | Promise<Response>;

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function routes(app: Hono<Bindings>, setup: ContractSetup, decorated: (handler: Handler) => Handler): void {
  const probe = (c: Context<Bindings>): unknown => setup.probe(c.env.incoming, c.env.outgoing);
  function add(method: "get" | "post", path: string, handler: Handler): void {
    app[method](path, decorated(handler));
  }
  add("get", "/ok", async (c) => {
    await probe(c);
    return c.text("ok");
  });
  add("get", "/items/:id", async (c) => {
    await probe(c);
    return c.text(c.req.param("id")!);
  });
  add("post", "/upload", async (c) => {
    await probe(c);
    return c.text(String((await c.req.arrayBuffer()).byteLength));
  });
  add("get", "/status/:code", async (c) => {
    await probe(c);
    return c.body(null, Number(c.req.param("code")) as 200);
  });
  add("get", "/throw", (c) => {
    probe(c);
    throw contractError();
  });
  add("get", "/reject", async (c) => {
    await probe(c);
    await tick();
    throw contractError();
  });
  add("get", "/refuse", async (c) => {
    await probe(c);
    throw contractError(404);
  });
  add("get", "/stream", async (c) => {
    await probe(c);
    return stream(c, async (body) => {
      await body.write("one ");
      await tick();
      await body.write("two ");
      await tick();
      await body.write("three");
    });
  });
  add("get", "/cut", async (c) => {
    await probe(c);
    c.env.outgoing.write("one", () => c.env.outgoing.destroy());
    return RESPONSE_ALREADY_SENT;
  });
  add("get", "/break", async (c) => {
    await probe(c);
    await new Promise((resolve) => c.env.outgoing.write("one", resolve));
    probe(c);
    throw contractError();
  });
  add("get", "/hold", async (c) => {
    await probe(c);
    return stream(c, async (body) => {
      await body.write("one");
      await new Promise(() => {});
    });
  });
  const never: Handler = async (c) => {
    await probe(c);
    c.env.incoming.on("error", () => {}).resume();
    return new Promise(() => {});
  };
  add("get", "/never", never);
  add("post", "/never", never);
}
