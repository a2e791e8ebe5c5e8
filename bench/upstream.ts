// What handlers of the workload `clients` ask: answers every request with its path.

import http from "node:http";
import type { AddressInfo } from "node:net";

// Handlers keep their connections while other variants are loaded, and one that closes as it is used again would fail a request.
const keepAliveTimeout = 3_600_000;
const server = http.createServer({ keepAliveTimeout }, (request, response) => response.end(request.url));
server.listen(0, "127.0.0.1", 4096, () => process.send?.((server.address() as AddressInfo).port));
process.on("disconnect", () => process.exit(0));
