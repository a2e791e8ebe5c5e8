// The server contract's application as Tornado's users would write it: over http, over https, and traced by `initTracing` of the main package.

import { once } from "node:events";
import type { Server } from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import {
  type ContractApp,
  type ContractHost,
  type ContractRoute,
  type ContractSetup,
  contractError,
} from "node-opentracing/testing";
import {
  Application,
  HTTPError,
  initTracing,
  RequestHandler,
  type Route,
  streamRequestBody,
  TornadoTracing,
} from "node-opentracing/tornado";
import { traceServers } from "#src/hosts/servers.js";
import { CERTIFICATE } from "../hosts/node-http/contract-app.js";

const NAMES: Readonly<Record<ContractRoute, string>> = {
  "/ok": "OkHandler",
  "/items/:id": "ItemHandler",
  "/upload": "UploadHandler",
  "/status/:code": "StatusHandler",
  "/throw": "ThrowHandler",
  "/reject": "RejectHandler",
  "/refuse": "RefuseHandler",
  "/stream": "StreamHandler",
  "/cut": "CutHandler",
  "/hold": "HoldHandler",
  "/break": "BreakHandler",
  "/never": "NeverHandler",
};

type Variant = "http" | "https" | "joined";

function host(name: string, variant: Variant): ContractHost {
  return {
    name,
    component: "tornado",
    ...(variant === "joined" ? { startComponent: "node:http" } : {}),
    tagsHost: variant === "joined",
    secure: variant === "https",
    operationName: (_method, route) => NAMES[route],
    start: (setup) => start(setup, variant),
    skip: variant === "https" ? SKIP_SECURE : [],
  };
}

const RESET = "Node's TLS client may end its session in order before its socket is reset";
const SKIP_SECURE = [
  { test: "end: the client resets before the headers: error=connection_reset", reason: RESET },
  { test: "end: the client resets after the headers: 200 error=connection_reset", reason: RESET },
  { test: "end: the client resets while uploading: error=connection_reset", reason: RESET },
];

export const HOSTS: readonly ContractHost[] = [
  host("tornado", "http"),
  host("tornado https", "https"),
  host("tornado in initTracing", "joined"),
];

async function start(setup: ContractSetup, variant: Variant): Promise<ContractApp> {
  const { filter } = setup.options;
  // What filters get of the main package's tracing is Node's request, and here Tornado's.
  const shown = filter && variant !== "joined" ? { filter: (request: { req: object }) => filter(request.req) } : {};
  const tracing = new TornadoTracing(setup.tracer, { ...setup.options, ...shown });
  const undo = variant === "joined" ? traceServers(tracing.http) : initTracing();
  const handlers = routes(setup);
  if (setup.decorate !== undefined) decorate(handlers, tracing, setup.decorate);
  const app = new Application(handlers, { opentracingTracing: tracing, opentracingTraceClient: false });
  const server =
    variant === "https"
      ? (app.attach(https.createServer(CERTIFICATE)).listen(0, "127.0.0.1") as unknown as Server)
      : app.listen(0, "127.0.0.1");
  await once(server, "listening");
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

function decorate(handlers: readonly Route[], tracing: TornadoTracing, names: readonly string[]): void {
  for (const [, Handler] of handlers) {
    const prototype = Handler.prototype as unknown as { get: (...args: never[]) => unknown };
    prototype.get = tracing.trace(names)(prototype.get);
  }
}

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const forever = (): Promise<never> => new Promise(() => {});

function routes({ probe }: ContractSetup): Route[] {
  class Handler extends RequestHandler {
    override logException(): void {}
    probe(): unknown {
      return probe(this.request, this);
    }
  }

  class OkHandler extends Handler {
    async get(): Promise<void> {
      await this.probe();
      this.write("ok");
    }
    head(): Promise<void> {
      return this.get();
    }
  }

  class ItemHandler extends Handler {
    async get(id: string): Promise<void> {
      await this.probe();
      this.write(id);
    }
  }

  class StatusHandler extends Handler {
    async get(code: string): Promise<void> {
      await this.probe();
      this.setStatus(Number(code));
    }
  }

  @streamRequestBody
  class UploadHandler extends Handler {
    length = 0;
    override async prepare(): Promise<void> {
      await this.probe();
    }
    override dataReceived(chunk: Buffer): void {
      this.length += chunk.length;
    }
    post(): void {
      this.write(String(this.length));
    }
    get(): void {}
  }

  class ThrowHandler extends Handler {
    get(): void {
      this.probe();
      throw contractError();
    }
  }

  class RejectHandler extends Handler {
    async get(): Promise<void> {
      await this.probe();
      await tick();
      throw contractError();
    }
  }

  class RefuseHandler extends Handler {
    async get(): Promise<void> {
      await this.probe();
      throw new HTTPError(404, contractError().message);
    }
  }

  class StreamHandler extends Handler {
    async get(): Promise<void> {
      await this.probe();
      for (const word of ["one ", "two "]) {
        this.write(word);
        await this.flush();
        await tick();
      }
      this.write("three");
    }
  }

  class CutHandler extends Handler {
    async get(): Promise<void> {
      await this.probe();
      this.write("one");
      await this.flush();
      this.request.res.destroy();
      await forever();
    }
  }

  class HoldHandler extends Handler {
    async get(): Promise<void> {
      await this.probe();
      this.write("one");
      await this.flush();
      await forever();
    }
  }

  class BreakHandler extends Handler {
    async get(): Promise<void> {
      await this.probe();
      this.write("one");
      await this.flush();
      await this.probe();
      throw contractError();
    }
  }

  @streamRequestBody
  class NeverHandler extends Handler {
    override async prepare(): Promise<void> {
      await this.probe();
    }
    override dataReceived(): void {}
    get(): Promise<never> {
      return forever();
    }
    post(): Promise<never> {
      return forever();
    }
  }

  return [
    ["/ok", OkHandler],
    ["/items/([^/]+)", ItemHandler],
    ["/status/([0-9]+)", StatusHandler],
    ["/upload", UploadHandler],
    ["/throw", ThrowHandler],
    ["/reject", RejectHandler],
    ["/refuse", RefuseHandler],
    ["/stream", StreamHandler],
    ["/cut", CutHandler],
    ["/hold", HoldHandler],
    ["/break", BreakHandler],
    ["/never", NeverHandler],
  ];
}
