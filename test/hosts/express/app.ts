// One traced Express application for a test, and requests to it.

import { once } from "node:events";
import http, { type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import type { Express } from "express";
import { MemoryReporter, Tracer, Tracing, type TracingOptions } from "node-opentracing";
import { spanTree } from "node-opentracing/testing";
import { traceServers } from "#src/hosts/servers.js";
import { request } from "#src/testing/raw-client.js";
import type { Version } from "./versions.js";

export interface Stage {
  readonly server: Server;
  readonly port: number;
  readonly tracing: Tracing;
  readonly reporter: MemoryReporter;
  /** The whole answer, as text, to a line such as `GET /path`. */
  request(line: string): Promise<string>;
  /** The tree of the one span that a request makes, without the newline in front. */
  spanOf(line: string): Promise<string>;
}

/** An application that `initTracing` would trace, with the routes that `build` gives it. */
export async function traced(
  t: TestContext,
  version: Version,
  build: (app: Express, tracing: Tracing) => unknown,
  options: TracingOptions = {},
): Promise<Stage> {
  const reporter = new MemoryReporter();
  const tracing = new Tracing(new Tracer({ reporter }), options);
  t.after(traceServers(tracing.http));
  const app = version.express();
  app.set("env", "test"); // else the default error handler prints
  build(app, tracing);
  return staged(t, tracing, reporter, app);
}

/** Serves `listener` for one test. */
export async function staged(
  t: TestContext,
  tracing: Tracing,
  reporter: MemoryReporter,
  listener: RequestListener,
): Promise<Stage> {
  const server = http.createServer(listener);
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return {
    server,
    port,
    tracing,
    reporter,
    request: (line) => request(port, false, line),
    async spanOf(line) {
      const before = reporter.spans.length;
      await request(port, false, line);
      await reporter.waitFor(before + 1);
      return spanTree(reporter.spans.slice(before)).slice(1);
    },
  };
}
