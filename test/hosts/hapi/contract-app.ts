// The server contract's application in hapi.

import { Readable } from "node:stream";
import type { Lifecycle, Server } from "@hapi/hapi";
import hapi from "@hapi/hapi";
import { Tracing } from "node-opentracing";
import { hapiTracing } from "node-opentracing/hapi";
import { type ContractApp, type ContractHost, type ContractSetup, contractError } from "node-opentracing/testing";
import { traceServers } from "#src/hosts/servers.js";

const name = `hapi ${hapi.server().version.split(".").slice(0, 2).join(".")}`;

/** With `initTracing`'s way and the plug-in for routes, and with the plug-in alone. */
export const hapiHosts: readonly ContractHost[] = [
  host(name, (setup) => start(setup, false)),
  {
    ...host(`${name} plug-in`, (setup) => start(setup, true)),
    skip: [{ test: "end: an upgrade that is refused: 403", reason: "hapi shows its plug-ins no upgrades" }],
  },
];

function host(name: string, run: ContractHost["start"]): ContractHost {
  return {
    name,
    component: "hapi",
    startComponent: "node:http",
    operationName: (method, route) => `${method} ${route.replace(/:(\w+)/g, "{$1}")}`,
    start: run,
  };
}

async function start(setup: ContractSetup, isAlone: boolean): Promise<ContractApp> {
  const tracing = new Tracing(setup.tracer, setup.options);
  const undo = isAlone ? () => {} : traceServers(tracing.http);
  const server = hapi.server({ port: 0, host: "127.0.0.1", debug: false });
  await server.register({ plugin: hapiTracing, options: isAlone ? { tracing } : {} });
  routes(server, setup, setup.decorate === undefined ? (handler) => handler : tracing.trace([...setup.decorate]));
  await server.start();
  return {
    server: server.listener as ContractApp["server"],
    port: server.info.port as number,
    tracing,
    async close() {
      undo();
      (server.listener as ContractApp["server"]).closeAllConnections();
      await server.stop({ timeout: 0 });
      await tracing.close();
    },
  };
}

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const never = (): Promise<never> => new Promise(() => {});

function routes(
  server: Server,
  { probe }: ContractSetup,
  traced: (handler: Lifecycle.Method) => Lifecycle.Method,
): void {
  function get(path: string, handler: Lifecycle.Method): void {
    server.route({ method: "GET", path, handler: traced(handler) });
  }
  /** Leaves the body to the handler. */
  function post(path: string, handler: Lifecycle.Method): void {
    server.route({
      method: "POST",
      path,
      handler: traced(handler),
      options: { payload: { parse: false, output: "stream" } },
    });
  }

  get("/ok", async (request) => {
    await probe(request, request.raw.res);
    return "ok";
  });
  get("/items/{id}", async (request) => {
    await probe(request, request.raw.res);
    return request.params["id"];
  });
  get("/status/{code}", async (request, h) => {
    await probe(request, request.raw.res);
    return h.response().code(Number(request.params["code"]));
  });
  get("/throw", (request) => {
    probe(request, request.raw.res);
    throw contractError();
  });
  get("/reject", async (request) => {
    await probe(request, request.raw.res);
    await tick();
    throw contractError();
  });
  get("/refuse", async (request) => {
    await probe(request, request.raw.res);
    // As @hapi/boom would make it.
    const payload = { statusCode: 404, error: "Not Found", message: "" };
    throw Object.assign(contractError(404), {
      isBoom: true,
      isServer: false,
      output: { statusCode: 404, payload, headers: {} },
    });
  });
  get("/stream", async (request, h) => {
    await probe(request, request.raw.res);
    return h.response(
      Readable.from(
        (async function* words() {
          for (const word of ["one ", "two ", "three"]) {
            yield word;
            await tick();
          }
        })(),
        { objectMode: false },
      ),
    );
  });
  get("/break", async (request, h) => {
    await probe(request, request.raw.res);
    return h.response(
      Readable.from(
        (async function* words() {
          yield "one";
          while (!request.raw.res.headersSent) await tick();
          await probe(request, request.raw.res);
          throw contractError();
        })(),
        { objectMode: false },
      ),
    );
  });
  get("/cut", async (request, h) => {
    await probe(request, request.raw.res);
    request.raw.res.write("one", () => request.raw.res.destroy());
    return h.abandon;
  });
  get("/hold", async (request, h) => {
    await probe(request, request.raw.res);
    request.raw.res.write("one");
    return h.abandon;
  });
  get("/never", async (request) => {
    await probe(request, request.raw.res);
    return never();
  });
  post("/never", async (request) => {
    await probe(request, request.raw.res);
    request.raw.req.on("error", () => {}).resume();
    return never();
  });
  post("/upload", async (request) => {
    await probe(request, request.raw.res);
    let length = 0;
    for await (const chunk of request.raw.req) length += (chunk as Buffer).length;
    return String(length);
  });
}
