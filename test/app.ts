// A small real application for tests: `/` says hello, `/hop` fetches `/` and passes the answer on.

import { once } from "node:events";
import http from "node:http";
import net, { type AddressInfo } from "node:net";

export interface App {
  readonly url: string;
  /** Asks for a path by a connection that no tracing sees, and answers the body. */
  get(path: string): Promise<string>;
  close(): Promise<void>;
}

/** The picture of a request to `/hop`, where its servers and its client are traced. */
export const HOP = `
GET  server 200
  GET  client 200
    GET  server 200`;

export async function startApp(): Promise<App> {
  const server = http.createServer(async (request, response) => {
    const answer = request.url === "/hop" ? await fetch(url) : undefined;
    response.end(answer === undefined ? "hello" : await answer.text());
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/`;
  return {
    url,
    get: (path) => untracedGet(port, path),
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

/** GET over a raw socket, so that the test's own request is in no trace. */
async function untracedGet(port: number, path: string): Promise<string> {
  const socket = net.connect(port, "127.0.0.1");
  socket.write(`GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n`);
  const answer = (await socket.setEncoding("latin1").toArray()).join("");
  const body = answer.slice(answer.indexOf("\r\n\r\n") + 4);
  return answer.includes("transfer-encoding: chunked") ? body.split("\r\n")[1]! : body;
}
