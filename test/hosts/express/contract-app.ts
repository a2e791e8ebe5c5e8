// The server contract's application in Express, each version.

import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { NextFunction, Request, Response } from "express";
import { Tracing } from "node-opentracing";
import { type ContractApp, type ContractHost, type ContractSetup, contractError } from "node-opentracing/testing";
import { traceServers } from "#src/hosts/servers.js";
import { VERSIONS, type Version } from "./versions.js";

export const EXPRESS_HOSTS: readonly ContractHost[] = VERSIONS.map((version) => ({
  name: version.name,
  component: "express",
  startComponent: "node:http",
  operationName: (method, route) => `${method} ${route}`,
  start: (setup) => start(version, setup),
}));

type Handler = (request: Request, response: Response, next: NextFunction) => unknown;

async function start({ major, express }: Version, setup: ContractSetup): Promise<ContractApp> {
  const tracing = new Tracing(setup.tracer, setup.options);
  const undo = traceServers(tracing.http);
  const app = express();
  app.set("env", "test"); // else the default error handler prints

  /** A handler that calls the probe first. Express 4 waits for no promise: there, errors are handed on. */
  function handler(serve: (request: Request, response: Response) => unknown): Handler {
    async function probed(request: Request, response: Response, next: NextFunction): Promise<void> {
      try {
        await setup.probe(request, response);
        await serve(request, response);
      } catch (error) {
        if (major === 5) throw error;
        next(error);
      }
    }
    return decorated(probed);
  }
  function decorated(fn: Handler): Handler {
    return setup.decorate === undefined ? fn : tracing.trace([...setup.decorate])(fn);
  }

  app.get(
    "/ok",
    handler((_request, response) => response.send("ok")),
  );
  app.get(
    "/items/:id",
    handler((request, response) => response.send(request.params["id"])),
  );
  app.get(
    "/status/:code",
    handler((request, response) => response.status(Number(request.params["code"])).end()),
  );
  app.get(
    "/throw",
    decorated((request, response) => {
      setup.probe(request, response);
      throw contractError();
    }),
  );
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
      response.send(String(length));
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
  app.all(
    "/never",
    handler((request) => request.on("error", () => {}).resume()),
  );

  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    server,
    port: (server.address() as AddressInfo).port,
    tracing,
    async close() {
      await closed(server);
      undo();
    },
  };
}

async function closed(server: Server): Promise<void> {
  server.close();
  server.closeAllConnections();
}

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
