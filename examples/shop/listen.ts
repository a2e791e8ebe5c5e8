// Starts a service's server, tells the program that started the service where it listens, and ends it in good order.

import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

export function listen(server: Server): void {
  server.listen(Number(process.env["PORT"] ?? 0), "127.0.0.1", () => {
    const { port } = server.address() as AddressInfo;
    process.send?.(`http://127.0.0.1:${port}`);
  });
  // Requests that are being served are finished; the process then ends by itself, and its last spans are sent.
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      server.close();
      if (process.connected) process.disconnect();
    });
  }
}
