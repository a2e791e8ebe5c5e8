// Ports for servers that come and go in one process: none twice, for clients keep connections to an origin that is gone.

import { once } from "node:events";
import type { AddressInfo, Server } from "node:net";

/** The last ports that were given, the oldest first. */
const given = new Set<number>();
const REMEMBERED = 1000;

/**
 * Lets a server listen on a port of 127.0.0.1 that the system chooses, and answers the port: none of the last 1000 that
 * this gave. The system gives the port of a server that has just closed again, once in about 2000 times; a pool that has
 * not noticed yet that its connection closed sends the new server's first request there, and fails.
 */
export async function listenOnFreshPort(server: Server): Promise<number> {
  for (;;) {
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    if (!given.has(port)) {
      remember(port);
      return port;
    }
    server.close();
    await once(server, "close");
  }
}

function remember(port: number): void {
  given.add(port);
  for (const oldest of given) {
    if (given.size <= REMEMBERED) return;
    given.delete(oldest);
  }
}
