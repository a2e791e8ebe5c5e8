// The server contract's application in plain node:http and node:https.

import { EventEmitter, once } from "node:events";
import { readFileSync } from "node:fs";
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Tracing } from "node-opentracing";
import { type ContractApp, type ContractHost, type ContractSetup, contractError } from "node-opentracing/testing";
import { traceServers } from "#src/hosts/servers.js";

const folder = join(process.cwd(), "test", "hosts");
/** A self-signed certificate for localhost that is valid for a hundred years, and guards nothing. */
export const CERTIFICATE = {
  key: readFileSync(join(folder, "test-key.pem")),
  cert: readFileSync(join(folder, "test-certificate.pem")),
};

type Handler = (request: IncomingMessage, response: ServerResponse) => unknown;

/** The contract's host for one of Node's two servers. */
function nodeHost(secure: boolean): ContractHost {
  return {
    name: secure ? "node:https" : "node:http",
    component: "node:http",
    secure,
    start: (setup) => start(setup, secure),
    skip: [...SKIP, ...(secure ? SKIP_SECURE : [])],
  };
}

const NO_ERRORS = "node:http knows no errors with a status; a rejection is a 500 whatever it says";
const THROWN = "what a listener throws ends a plain node:http process; node-http.test.ts looks at that";
const SKIP = [
  { test: "server request 8: an error with a status below 500 is no error", reason: NO_ERRORS },
  { test: "decorated handler 2: an error with a status below 500 is no error", reason: NO_ERRORS },
  { test: "server request 8: an error that is thrown is logged once, and the span marked", reason: THROWN },
  { test: "decorated handler 2: an error that is thrown is recorded and thrown on", reason: THROWN },
];
const REJECTED = "node:https, unlike node:http, answers no rejections of its listeners";
const RESET = "Node's TLS client may end its session in order before its socket is reset";
const SKIP_SECURE = [
  {
    test: "server request 8: an error that a promise rejects with is logged once, and the span marked",
    reason: REJECTED,
  },
  { test: "decorated handler 2: a rejection is recorded and passed on", reason: REJECTED },
  { test: "end: the handler fails after the headers: 200 error=Error", reason: REJECTED },
  { test: "decorated handler 3: with traceAll on as well a request gets one span", reason: REJECTED },
  { test: "end: the client resets before the headers: error=connection_reset", reason: RESET },
  { test: "end: the client resets after the headers: 200 error=connection_reset", reason: RESET },
  { test: "end: the client resets while uploading: error=connection_reset", reason: RESET },
];

async function start(setup: ContractSetup, secure: boolean): Promise<ContractApp> {
  const tracing = new Tracing(setup.tracer, setup.options);
  const undo = traceServers(tracing.http);
  // Node answers 500 to a listener's rejection where it is asked to capture those.
  EventEmitter.captureRejections = true;
  const server = secure ? https.createServer(CERTIFICATE) : http.createServer();
  EventEmitter.captureRejections = false;
  const handler = routes(setup);
  const traced = setup.decorate === undefined ? handler : tracing.trace([...setup.decorate])(handler);
  server.on("request", traced);
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    server: server as http.Server,
    port: (server.address() as AddressInfo).port,
    tracing,
    async close() {
      server.close();
      server.closeAllConnections();
      undo();
    },
  };
}

export const HOSTS: readonly ContractHost[] = [nodeHost(false), nodeHost(true)];

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function routes({ probe }: ContractSetup): Handler {
  return function route(request, response) {
    const [, first, second] = request.url!.split("?")[0]!.split("/");
    if (first === "throw") {
      probe(request, response);
      throw contractError();
    }
    return answered(request, response, first!, second!);
  };

  async function answered(
    request: IncomingMessage,
    response: ServerResponse,
    first: string,
    second: string,
  ): Promise<void> {
    await probe(request, response);
    switch (first) {
      case "ok":
        response.end("ok");
        break;
      case "items":
        response.end(second);
        break;
      case "status":
        response.writeHead(Number(second)).end();
        break;
      case "upload": {
        let length = 0;
        for await (const chunk of request) length += (chunk as Buffer).length;
        response.end(String(length));
        break;
      }
      case "reject":
        await tick();
        throw contractError();
      case "stream":
        for (const word of ["one ", "two "]) {
          response.write(word);
          await tick();
        }
        response.end("three");
        break;
      case "cut":
        response.write("one", () => response.destroy());
        break;
      case "break":
        await new Promise<void>((resolve) => response.write("one", () => resolve()));
        await probe(request, response);
        throw contractError();
      case "hold":
        response.write("one");
        break;
      default:
        request.on("error", () => {}).resume();
    }
  }
}
