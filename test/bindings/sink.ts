// A back end for the tests: takes what a tracer posts, and keeps the spans in it.

import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { after } from "node:test";

/** A span as a back end has received it. Ids are hexadecimal or decimal digits, "" for no parent. */
export interface Received {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string;
  readonly service: string;
  readonly name: string;
  readonly kind: string | undefined;
  readonly tags: Readonly<Record<string, unknown>>;
  readonly logs: readonly Readonly<Record<string, unknown>>[];
}

/** How one back end's protocol is read, and answered. */
export interface Protocol {
  readonly path: string;
  readonly status: number;
  readonly answer: string;
  decode(body: Buffer): Received[];
}

export interface Sink {
  readonly url: string;
  readonly port: number;
  readonly spans: Received[];
  /** The paths of all requests, those of the protocol among them. */
  readonly paths: string[];
  /** All headers that have come, trace headers among them or not. */
  readonly headers: http.IncomingHttpHeaders[];
  /** Resolves when there are that many spans. */
  received(count: number): Promise<void>;
  /** Resolves when a request for this path has come. */
  asked(path: string): Promise<void>;
}

export async function startSink(protocol: Protocol): Promise<Sink> {
  const spans: Received[] = [];
  const headers: http.IncomingHttpHeaders[] = [];
  const paths: string[] = [];
  const server = http.createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray());
    headers.push(request.headers);
    paths.push(request.url ?? "");
    if (request.url !== protocol.path) {
      response.writeHead(404).end();
      return;
    }
    spans.push(...protocol.decode(body));
    server.emit("spans");
    response.writeHead(protocol.status).end(protocol.answer);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  after(close);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    spans,
    paths,
    headers,
    async received(count) {
      while (spans.length < count) await once(server, "spans");
    },
    async asked(path) {
      while (!paths.some((one) => one.startsWith(path))) await once(server, "request");
    },
  };
}
