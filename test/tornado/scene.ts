// A Tornado-style application for one test, and a client that no tracing sees.

import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { type FinishedSpan, MemoryReporter, Tracer } from "node-opentracing";
import { RawClient } from "node-opentracing/testing";
import {
  Application,
  type ApplicationSettings,
  initTracing,
  RequestHandler,
  type Route,
  TornadoTracing,
} from "node-opentracing/tornado";

/** A handler that prints nothing when it fails. */
export class QuietHandler extends RequestHandler {
  override logException(_error: unknown): void {}
}

export interface Scene {
  readonly app: Application;
  readonly server: Server;
  readonly port: number;
  /** Sends one request, such as `GET /a` and headers in further lines, and answers the whole response. */
  ask(head: string, body?: string): Promise<string>;
  connect(): Promise<RawClient>;
}

/** Starts an application, which ends with the test. */
export async function serve(
  t: TestContext,
  routes: readonly Route[],
  settings: ApplicationSettings = {},
): Promise<Scene> {
  const app = new Application(routes, { opentracingTraceClient: false, ...settings });
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(async () => {
    const closed = app.close();
    server.closeAllConnections();
    await closed;
    await app.settings.opentracingTracing!.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    app,
    server,
    port,
    connect: () => RawClient.connect(port),
    async ask(head, body = "") {
      const [line, ...headers] = head.split("\n");
      const client = await RawClient.connect(port);
      const length = body === "" ? [] : [`content-length: ${Buffer.byteLength(body)}`];
      const lines = [`${line} HTTP/1.1`, "host: a.example", "connection: close", ...length, ...headers, "", ""];
      return client.send(lines.join("\r\n") + Buffer.from(body).toString("latin1")).end();
    },
  };
}

/** A tracing whose spans the test sees. */
export function memory(options: ConstructorParameters<typeof TornadoTracing>[1] = {}): {
  reporter: MemoryReporter;
  tracer: Tracer;
  tracing: TornadoTracing;
} {
  const reporter = new MemoryReporter();
  const tracer = new Tracer({ reporter });
  return { reporter, tracer, tracing: new TornadoTracing(tracer, options) };
}

/** Calls `initTracing`, until the end of the test. */
export function patched(t: TestContext): void {
  t.after(initTracing());
}

/** All tags of a span, as an object. */
export function tagsOf({ tags }: FinishedSpan): Record<string, unknown> {
  const all: Record<string, unknown> = {};
  for (let i = 0; i < tags.length; i += 2) all[tags[i] as string] = tags[i + 1];
  return all;
}

/** The tags that Tornado's spans have, and further ones. */
export function serverTags(url: string, status: number, more: object = {}): object {
  return {
    component: "tornado",
    "span.kind": "server",
    "http.method": "GET",
    "http.url": url,
    "http.status_code": status,
    ...more,
  };
}

export const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** The body of a response. */
export function bodyOf(answer: string): string {
  return answer.slice(answer.indexOf("\r\n\r\n") + 4);
}
