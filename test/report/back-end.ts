// A back end on 127.0.0.1 that answers as a test tells it.

import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";

export interface Received {
  readonly url: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
  /** When it had come, by `performance.now()`. */
  readonly at: number;
  /** The client's port: the same for requests over one connection. */
  readonly fromPort: number | undefined;
}

export type Behaviour = (response: http.ServerResponse, received: Received, index: number) => void;

export interface BackEnd {
  readonly endpoint: string;
  readonly requests: readonly Received[];
  /** Resolves once so many requests have come. */
  waitFor(count: number): Promise<void>;
}

/** Starts a back end that ends with the test. It answers 200 with an empty body unless told otherwise. */
export async function startBackEnd(t: TestContext, behave: Behaviour = (response) => response.end()): Promise<BackEnd> {
  const requests: Received[] = [];
  let wake = (): void => {};
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("error", () => {});
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const { url = "", headers } = request;
      const fromPort = request.socket.remotePort;
      const received = { url, headers, body: Buffer.concat(chunks), at: performance.now(), fromPort };
      requests.push(received);
      wake();
      behave(response, received, requests.length - 1);
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`,
    requests,
    async waitFor(count) {
      while (requests.length < count) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}

/** An endpoint where nobody listens. */
export async function closedEndpoint(): Promise<string> {
  const server = http.createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}/v1/traces`;
}
