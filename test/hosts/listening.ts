// A server and a Tracing object for one test, closed with it: asked over raw sockets, looked at as a tree.

import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { MemoryReporter, Tracer, Tracing, type TracingOptions } from "node-opentracing";
import { RawClient, type SpanTreeOptions, spanTree } from "node-opentracing/testing";

export interface Listening {
  readonly port: number;
  connect(): Promise<RawClient>;
  /** Sends one request, `GET /path` and header lines, on a connection of its own, and answers the whole response. */
  ask(head: string, body?: string): Promise<string>;
}

export async function listening(t: TestContext, server: Server): Promise<Listening> {
  if (!server.listening) await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return {
    port,
    connect: () => RawClient.connect(port),
    async ask(head, body = "") {
      const [line, ...headers] = head.split("\n");
      const client = await RawClient.connect(port);
      return client.send([`${line} HTTP/1.1`, "host: a", "connection: close", ...headers, "", body].join("\r\n")).end();
    },
  };
}

/** The names of the spans of these requests, asked one after the other. */
export async function namesOf(
  ask: Listening["ask"],
  reporter: MemoryReporter,
  heads: readonly string[],
): Promise<string[]> {
  const names: string[] = [];
  for (const head of heads) {
    await ask(head);
    await reporter.waitFor(1);
    names.push(...reporter.spans.map(({ operationName }) => operationName));
    reporter.clear();
  }
  return names;
}

/** A Tracing object that is closed with the test, its tracer, and what that reports to. */
export function tracingTo(t: TestContext, options?: TracingOptions) {
  const reporter = new MemoryReporter();
  const tracer = new Tracer({ reporter });
  const tracing = new Tracing(tracer, options);
  t.after(() => tracing.close());
  return { tracing, tracer, reporter };
}

/** The spans that there are once there are as many as this; they are gone from the reporter then. */
export async function takeTree(reporter: MemoryReporter, spans = 1, options?: SpanTreeOptions): Promise<string> {
  await reporter.waitFor(spans);
  const tree = spanTree(reporter.spans, options);
  reporter.clear();
  return tree;
}
