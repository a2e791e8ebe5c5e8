// The server contract's application in Fastify 4 and 5.

import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Readable } from "node:stream";
import fastify5, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { Tracing } from "node-opentracing";
import { fastifyTracing } from "node-opentracing/fastify";
import { type ContractApp, type ContractHost, type ContractSetup, contractError } from "node-opentracing/testing";
import { traceServers } from "#src/hosts/servers.js";

/** A release of Fastify. */
export interface Release {
  /** `fastify 5.12`. */
  readonly name: string;
  readonly fastify: typeof fastify5;
}

// What these tests use is the same in both, types included.
const fastify4 = createRequire(join(process.cwd(), "test/older/package.json"))("fastify") as typeof fastify5;

export const FASTIFY_5: Release = release(fastify5);
export const FASTIFY_4: Release = release(fastify4);
export const RELEASES: readonly Release[] = [FASTIFY_5, FASTIFY_4];

function release(fastify: typeof fastify5): Release {
  const [major, minor] = fastify().version.split(".");
  return { name: `fastify ${major}.${minor}`, fastify };
}

/** Both releases, traced by `initTracing`'s way alone and by the plug-in alone. */
export const fastifyHosts: readonly ContractHost[] = RELEASES.flatMap(({ name, fastify }) => [
  host(name, (setup) => start(setup, fastify, false)),
  {
    ...host(`${name} plug-in`, (setup) => start(setup, fastify, true)),
    skip: [{ test: "end: an upgrade that is refused: 403", reason: "Fastify shows its plug-ins no upgrades" }],
  },
]);

function host(name: string, run: ContractHost["start"]): ContractHost {
  return {
    name,
    component: "fastify",
    startComponent: "node:http",
    operationName: (method, route) => `${method} ${route}`,
    start: run,
  };
}

async function start(setup: ContractSetup, fastify: typeof fastify5, isPlugin: boolean): Promise<ContractApp> {
  const tracing = new Tracing(setup.tracer, setup.options);
  const undo = isPlugin ? () => {} : traceServers(tracing.http);
  const app = fastify();
  if (isPlugin) await app.register(fastifyTracing, { tracing });
  routes(app, setup, setup.decorate === undefined ? (handler) => handler : tracing.trace([...setup.decorate]));
  await app.listen({ port: 0, host: "127.0.0.1" });
  return {
    server: app.server,
    port: (app.server.address() as AddressInfo).port,
    tracing,
    async close() {
      undo();
      app.server.closeAllConnections();
      await app.close();
      await tracing.close();
    },
  };
}

type Handler = (request: FastifyRequest<{ Params: Record<string, string> }>, reply: FastifyReply) => unknown;

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const never = (): Promise<never> => new Promise(() => {});

function routes(app: FastifyInstance, { probe }: ContractSetup, traced: (handler: Handler) => Handler): void {
  function get(url: string, handler: Handler): void {
    app.get(url, traced(handler));
  }

  // Bodies of unknown types are left to the handlers.
  app.addContentTypeParser("*", (_request, _payload, done) => done(null));

  get("/ok", async (request, reply) => {
    await probe(request, reply);
    return "ok";
  });
  get("/items/:id", async (request, reply) => {
    await probe(request, reply);
    return request.params["id"];
  });
  get("/status/:code", async (request, reply) => {
    await probe(request, reply);
    return reply.code(Number(request.params["code"])).send();
  });
  get("/throw", (request, reply) => {
    probe(request, reply);
    throw contractError();
  });
  get("/reject", async (request, reply) => {
    await probe(request, reply);
    await tick();
    throw contractError();
  });
  get("/refuse", async (request, reply) => {
    await probe(request, reply);
    throw contractError(404);
  });
  get("/stream", async (request, reply) => {
    await probe(request, reply);
    return reply.send(
      Readable.from(
        (async function* words() {
          for (const word of ["one ", "two ", "three"]) {
            yield word;
            await tick();
          }
        })(),
      ),
    );
  });
  get("/break", async (request, reply) => {
    await probe(request, reply);
    return reply.send(
      Readable.from(
        (async function* words() {
          yield "one";
          while (!reply.raw.headersSent) await tick();
          await probe(request, reply);
          throw contractError();
        })(),
      ),
    );
  });
  get("/cut", async (request, reply) => {
    await probe(request, reply);
    reply.hijack();
    reply.raw.write("one", () => reply.raw.destroy());
  });
  get("/hold", async (request, reply) => {
    await probe(request, reply);
    reply.hijack();
    reply.raw.write("one");
  });
  get("/never", async (request, reply) => {
    await probe(request, reply);
    return never();
  });
  app.post(
    "/never",
    traced(async (request, reply) => {
      await probe(request, reply);
      request.raw.on("error", () => {}).resume();
      return never();
    }),
  );
  app.post(
    "/upload",
    traced(async (request, reply) => {
      await probe(request, reply);
      let length = 0;
      for await (const chunk of request.raw) length += (chunk as Buffer).length;
      return String(length);
    }),
  );
}
