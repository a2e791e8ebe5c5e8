// The guard's client and back end, in a worker: sends requests one after the other on one connection, and takes spans.

import { once } from "node:events";
import http from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { parentPort } from "node:worker_threads";
import { exchange } from "../load/answer.ts";

const REQUEST = "GET /users/42?page=3 HTTP/1.1\r\nhost: localhost\r\nuser-agent: guard\r\naccept: */*\r\n\r\n";

let posted = 0;
const sink = http.createServer((request, response) => {
  request.on("data", (part: Buffer) => {
    posted += part.length;
  });
  request.on("end", () => response.setHeader("content-type", "application/x-protobuf").end());
});
await once(sink.listen(0, "127.0.0.1"), "listening");
parentPort!.postMessage((sink.address() as AddressInfo).port);

let socket: Socket | undefined;
parentPort!.on("message", async ({ port, count }: { port: number; count: number }) => {
  socket ??= connect(port, "127.0.0.1").setNoDelay();
  for (let i = 0; i < count; i++) await exchange(socket, REQUEST);
  parentPort!.postMessage(posted);
});
