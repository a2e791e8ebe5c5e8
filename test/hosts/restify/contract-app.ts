// The server contract's application in restify.

import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { Tracing } from "node-opentracing";
import { type ContractApp, type ContractHost, type ContractSetup, contractError } from "node-opentracing/testing";
import { traceServers } from "#src/hosts/servers.js";
import { loadRestify, type RestifyHandler, type RestifyRequest, type RestifyResponse } from "./restify.js";

export const RESTIFY: ContractHost = {
  name: "restify 12",
  component: "restify",
  startComponent: "node:http",
  operationName: (method, route) => `${method} ${route}`,
  start,
  skip: [
    {
      test: "end: the handler fails after the headers: 200 error=Error",
      reason: "restify puts an error of its own in the place of the handler's when the client leaves",
    },
  ],
};

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function start(setup: ContractSetup): Promise<ContractApp> {
  const tracing = new Tracing(setup.tracer, setup.options);
  const undo = traceServers(tracing.http);
  // Else what a handler throws would end the process.
  const { restify, unload } = loadRestify();
  const app = restify.createServer({ handleUncaughtExceptions: true });

  /** A handler that calls the probe first. restify takes async functions, which those that are decorated are no more, or `next`. */
  function handler(serve: (request: RestifyRequest, response: RestifyResponse) => unknown): RestifyHandler {
    async function probed(request: RestifyRequest, response: RestifyResponse): Promise<void> {
      await setup.probe(request, response);
      await serve(request, response);
    }
    if (setup.decorate === undefined) return probed;
    const decorated = tracing.trace([...setup.decorate])(probed);
    return (request, response, next) => void decorated(request, response).then(() => next(), next);
  }

  const ok = handler((_request, response) => response.end("ok"));
  app.get("/ok", ok);
  app.head("/ok", ok);
  app.get(
    "/items/:id",
    handler((request, response) => response.end(request.params["id"])),
  );
  app.get(
    "/status/:code",
    handler((request, response) => {
      response.statusCode = Number(request.params["code"]);
      response.end();
    }),
  );
  function throwing(request: RestifyRequest, response: RestifyResponse, _next: (error?: unknown) => void): void {
    setup.probe(request, response);
    throw contractError();
  }
  app.get("/throw", setup.decorate === undefined ? throwing : tracing.trace([...setup.decorate])(throwing));
  app.get(
    "/reject",
    handler(async () => {
      await tick();
      throw contractError();
    }),
  );
  app.get(
    "/refuse",
    handler(() => {
      throw contractError(404);
    }),
  );
  app.post(
    "/upload",
    handler(async (request, response) => {
      let length = 0;
      for await (const chunk of request) length += (chunk as Buffer).length;
      response.end(String(length));
    }),
  );
  app.get(
    "/stream",
    handler(async (_request, response) => {
      for (const word of ["one ", "two "]) {
        response.write(word);
        await tick();
      }
      response.end("three");
    }),
  );
  app.get(
    "/cut",
    handler((_request, response) => response.write("one", () => response.destroy())),
  );
  app.get(
    "/hold",
    handler((_request, response) => response.write("one")),
  );
  app.get(
    "/break",
    handler(async (request, response) => {
      await new Promise<void>((resolve) => response.write("one", () => resolve()));
      await setup.probe(request, response);
      throw contractError();
    }),
  );
  const never = handler((request) => {
    request.on("error", () => {}).resume();
    return new Promise(() => {}); // restify answers for a handler that is done and has not
  });
  app.get("/never", never);
  app.post("/never", never);

  const { server } = app;
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    server,
    port: (server.address() as AddressInfo).port,
    tracing,
    async close() {
      server.close();
      server.closeAllConnections();
      undo();
      unload();
    },
  };
}
