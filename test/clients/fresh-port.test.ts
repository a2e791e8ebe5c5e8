// Servers of the client contract come and go; none gets the port of an earlier one, to which a pool may still be connected.

import assert from "node:assert/strict";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { onScene } from "#src/testing/_client-scene.js";
import { listenOnFreshPort } from "#src/testing/fresh-port.js";
import { CLIENTS } from "./contract-clients.js";

test("a server whom the system gives the port of an earlier one asks for another", async (t) => {
  const earlier = http.createServer();
  const port = await listenOnFreshPort(earlier);
  await new Promise((resolve) => earlier.close(resolve));

  const server = http.createServer((_request, response) => response.end("answer"));
  t.after(() => server.close());
  const listen = server.listen.bind(server);
  t.mock.method(server, "listen", () => listen(port, "127.0.0.1"), { times: 1 });
  const fresh = await listenOnFreshPort(server);
  assert.notEqual(fresh, port);
  assert.equal((server.address() as AddressInfo).port, fresh);
  const response = await fetch(`http://127.0.0.1:${fresh}/`, { headers: { connection: "close" } });
  assert.equal(await response.text(), "answer");
});

test("the scenes of the client contract have a port each, also where the system gives one again", async (t) => {
  const ports: string[] = [];
  const scene = (): Promise<void> =>
    onScene(CLIENTS[0]!, {}, async ({ origin }) => void ports.push(new URL(origin).port));
  await scene();
  const { listen } = http.Server.prototype;
  const again = function (this: http.Server): http.Server {
    return listen.call(this, { port: Number(ports[0]), host: "127.0.0.1" }) as http.Server;
  };
  t.mock.method(http.Server.prototype, "listen", again, { times: 1 });
  await scene();
  assert.notEqual(ports[0], ports[1]);
});
