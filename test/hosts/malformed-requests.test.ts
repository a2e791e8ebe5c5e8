// 10,000 malformed requests to a traced and to an untraced server: the same bytes come back, and nothing breaks.

import assert from "node:assert/strict";
import { once } from "node:events";
import http, { type RequestListener } from "node:http";
import net, { type AddressInfo } from "node:net";
import { test } from "node:test";
import { MemoryReporter, Tracer, Tracing } from "node-opentracing";
import { traceServers } from "#src/hosts/servers.js";

const SEED = 20261122;
const REQUESTS = 10_000;
const AT_A_TIME = 32;

const TEMPLATES = [
  "GET /a?token=x HTTP/1.1\r\nhost: a\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n",
  "POST /a HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello",
  "POST /a HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nx: y\r\n\r\n",
  "GET http://user:pw@host/ HTTP/1.1\r\nhost: a\r\ntracestate: a=b,c=d\r\nbaggage: a=b;c,d=%zz\r\n\r\n",
  "OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n",
  "HEAD / HTTP/1.0\r\n\r\n",
  "PUT /a HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\nok",
  "GET /a HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
  "CONNECT a:1 HTTP/1.1\r\nhost: a\r\n\r\n",
  "GET /a HTTP/1.1\r\nhost: a\r\n\r\nGET /b HTTP/1.1\r\nhost: a\r\n\r\n",
];

/** Numbers from 0 to below `limit`, the same for the same seed. */
function generator(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

function mutated(random: (limit: number) => number): Buffer {
  let bytes = Buffer.from(TEMPLATES[random(TEMPLATES.length)]!, "latin1");
  for (let i = random(4); i >= 0; i--) {
    const at = random(bytes.length);
    const rest = bytes.subarray(at + random(3));
    const inserted = Buffer.from(Array.from({ length: random(4) }, () => random(256)));
    bytes = Buffer.concat([bytes.subarray(0, at), inserted, rest]);
    if (bytes.length === 0) bytes = Buffer.from("\r\n");
  }
  return bytes;
}

const answer: RequestListener = (request, response) => {
  request.on("error", () => {});
  response.sendDate = false;
  let length = 0;
  request.on("data", (chunk: Buffer) => {
    length += chunk.length;
  });
  request.on("end", () => response.end(`${request.method} ${request.url} ${length}`));
};

async function started(): Promise<http.Server> {
  const server = http.createServer(answer);
  server.on("upgrade", (_request, socket) => socket.end("HTTP/1.1 101 Yes\r\n\r\n"));
  return once(server.listen(0, "127.0.0.1"), "listening").then(() => server);
}

function exchange(server: http.Server, bytes: Buffer): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = net.connect((server.address() as AddressInfo).port, "127.0.0.1");
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("error", () => {});
    socket.on("close", () =>
      resolve(
        Buffer.concat(chunks)
          .toString("latin1")
          .replace(/^Date: .*$/gm, "Date:"),
      ),
    );
    socket.end(bytes);
  });
}

test("10,000 malformed requests: the same answers as without tracing, and no crash", async (t) => {
  const tracing = new Tracing(new Tracer({ reporter: new MemoryReporter() }), { tracedAttributes: ["url", "headers"] });
  const uncaught: unknown[] = [];
  const onUncaught = (error: unknown): void => void uncaught.push(error);
  process.on("uncaughtExceptionMonitor", onUncaught);
  const server = await started();
  t.after(() => {
    process.off("uncaughtExceptionMonitor", onUncaught);
    server.close();
    server.closeAllConnections();
  });

  async function answers(): Promise<string[]> {
    const random = generator(SEED);
    const requests = Array.from({ length: REQUESTS }, () => mutated(random));
    const received: string[] = new Array(REQUESTS);
    let next = 0;
    const worker = async (): Promise<void> => {
      for (let i = next++; i < REQUESTS; i = next++) received[i] = await exchange(server, requests[i]!);
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, worker));
    return received;
  }
  const plain = await answers();
  const undo = traceServers(tracing.http);
  const traced = await answers();
  undo();

  for (let i = 0; i < REQUESTS; i++) assert.equal(traced[i], plain[i], `request ${i}`);
  assert.ok(plain.filter((text) => text.startsWith("HTTP/1.1 200")).length > REQUESTS / 20, "some were well-formed");
  assert.deepEqual(uncaught, []);
  assert.match(await exchange(server, Buffer.from("GET /a HTTP/1.0\r\n\r\n")), /^HTTP\/1.1 200|^$/);
});
