// The hop protocol for peers in Node: a server of node:http, whose spans `hop` tells of.

import { once } from "node:events";
import http from "node:http";
import { json } from "node:stream/consumers";

/**
 * Serves until SIGTERM, or until whoever started it has gone.
 *
 * @param version what it runs
 * @param hop answers what the protocol wants for a request and `{ item, next }`, which are null where they are not given
 */
export async function serve(version, hop) {
  const server = http.createServer((request, response) => {
    const query = new URL(request.url, "http://peer.invalid").searchParams;
    hop(request, response, { item: query.get("item"), next: query.get("next") }).then(
      (answer) => response.setHeader("content-type", "application/json").end(JSON.stringify(answer)),
      (error) => response.writeHead(500).end(String(error.stack)),
    );
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  process.on("SIGTERM", () => process.exit(0));
  process.stdin.on("end", () => process.exit(0)).resume();
  console.log(JSON.stringify({ port: server.address().port, version }));
}

/** Makes a GET request by `http.get`, and answers the JSON that comes back. `made` is shown the request at once. */
export async function call(next, made = () => {}, headers = {}) {
  const request = http.get(next, { agent: false, headers });
  made(request);
  const [response] = await once(request, "response");
  return json(response);
}
