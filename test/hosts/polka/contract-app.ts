// The server contract's application in polka, which answers no errors of its handlers: as in plain node:http, the server does.

import { EventEmitter, once } from "node:events";
import http, { type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Tracing } from "node-opentracing";
import { type ContractApp, type ContractHost, type ContractSetup, contractError } from "node-opentracing/testing";
import { traceServers } from "#src/hosts/servers.js";
import { type PolkaHandler, type PolkaRequest, polka } from "./polka.js";

const NO_ERRORS =
  "polka answers errors that are passed to next alone, with the status they say and tells nobody of them";
const THROWN = "what a handler of polka throws ends the process";

export const POLKA: ContractHost = {
  name: "polka 0.5",
  component: "node:http",
  start,
  skip: [
    { test: "server request 8: an error with a status below 500 is no error", reason: NO_ERRORS },
    { test: "decorated handler 2: an error with a status below 500 is no error", reason: NO_ERRORS },
    { test: "server request 8: an error that is thrown is logged once, and the span marked", reason: THROWN },
    { test: "decorated handler 2: an error that is thrown is recorded and thrown on", reason: THROWN },
  ],
};

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function start(setup: ContractSetup): Promise<ContractApp> {
  const tracing = new Tracing(setup.tracer, setup.options);
  const undo = traceServers(tracing.http);
  const app = polka();

  /** A handler that calls the probe first. */
  function handler(serve: (request: PolkaRequest, response: ServerResponse) => unknown): PolkaHandler {
    async function probed(request: PolkaRequest, response: ServerResponse): Promise<void> {
      await setup.probe(request, response);
      await serve(request, response);
    }
    return setup.decorate === undefined ? probed : tracing.trace([...setup.decorate])(probed);
  }

  const ok = handler((_request, response) => response.end("ok"));
  app.get("/ok", ok).head("/ok", ok);
  app.get(
    "/items/:id",
    handler((request, response) => response.end(request.params["id"])),
  );
  app.get(
    "/status/:code",
    handler((request, response) => response.writeHead(Number(request.params["code"])).end()),
  );
  app.get(
    "/reject",
    handler(async () => {
      await tick();
      throw contractError();
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
  const never = handler((request) => request.on("error", () => {}).resume());
  app.get("/never", never).post("/never", never);

  // Node answers 500 to a listener's rejection where it is asked to capture those.
  EventEmitter.captureRejections = true;
  const server = http.createServer(app.handler);
  EventEmitter.captureRejections = false;
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    server,
    port: (server.address() as AddressInfo).port,
    tracing,
    async close() {
      server.close();
      server.closeAllConnections();
      undo();
    },
  };
}
