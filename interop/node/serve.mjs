// The hop protocol for peers in Node: a server of node:http, whose spans `hop` tells of.

import { once } from "node:events";
import http from "node:http";
import { json } from "node:stream/consumers";

/**
 * Serves until SIGTERM, or until whoever started it has gone.
 *
 * @param version what it runs
 * @param hop answers `{ peer, span, client, next }` for a request; `call(next, headers)` makes a request by node:http
 */
export async function serve(version, hop) {
  const server = http.createServer((request, response) => {
    const query = new URL(request.url, "http://peer.invalid").searchParams;
    const asked = { item: query.get("item"), next: query.get("next") };
    hop(request, response, asked).then(
      (answer) => response.setHeader("content-type", "application/json").end(JSON.stringify(answer)),
      (error) => response.writeHead(500).end(String(error.stack)),
    );
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  process.on("SIGTERM", () => process.exit(0));
  process.stdin.on("end", () => process.exit(0)).resume();
  console.log(JSON.stringify({ port: server.address().port, version }));
}

/** Makes a GET request by `http.get`, and answers the JSON that comes back. */
export async function call(next, headers = {}) {
  const request = http.get(next, { agent: false, headers });
  const [response] = await once(request, "response");
  return json(response);
}
