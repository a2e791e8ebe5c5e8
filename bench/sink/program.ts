// A back end for everybody: takes what tracers post and counts the spans, one port a tracer. Speaks to its parent by messages.

import http, { type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { constants, gunzipSync, inflateSync } from "node:zlib";
import { countSpans } from "./counts.ts";

/** What came to one port. */
export interface Received {
  spans: number;
  served: number;
  bytes: number;
  /** Bodies that could not be read, and why the last one could not. */
  unreadable: number;
  reason?: string;
}

/** As much of Datadog's agent as its tracer asks for. */
const AGENT = { version: "7.60.0", endpoints: ["/v0.4/traces"], client_drop_p0s: false, feature_flags: [], config: {} };
const APM_SERVER = { version: "8.15.0", build_date: "2024-01-01T00:00:00Z", build_sha: "x", publish_ready: true };

/** A body that was taken and is not read yet. */
interface Unread {
  readonly here: Received;
  readonly path: string;
  readonly encoding: string | undefined;
  readonly body: Buffer;
}

const received: Received[] = [];
const ports: number[] = [];
const unread: Unread[] = [];
/** Of the bodies that are not read yet, and above how many all are read at once. */
let unreadBytes = 0;
const MAX_UNREAD = 512 * 1024 * 1024;

for (let i = 0; i < Number(process.argv[2] ?? 1); i++) {
  const here: Received = { spans: 0, served: 0, bytes: 0, unreadable: 0 };
  received.push(here);
  const server = http.createServer({ keepAliveTimeout: 60_000 }, (request, response) => take(here, request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ports.push((server.address() as AddressInfo).port);
}

process.on("disconnect", () => process.exit(0));
process.on("message", () => {
  readAll();
  process.send?.(received);
});
process.send?.(ports);

/** Answers at once and reads when asked: what is read while load is measured takes the load generator's time. */
function take(here: Received, request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("error", () => here.unreadable++);
  request.on("end", () => {
    const encoding = request.headers["content-encoding"];
    const body = Buffer.concat(chunks);
    unread.push({ here, path: request.url!, encoding, body });
    unreadBytes += body.length;
    answer(request, response);
    if (unreadBytes > MAX_UNREAD) readAll();
  });
}

function readAll(): void {
  for (const one of unread.splice(0)) read(one);
  unreadBytes = 0;
}

function read({ here, path, encoding, body }: Unread): void {
  here.bytes += body.length;
  try {
    const { spans, served } = countSpans(path, unpacked(body, encoding));
    here.spans += spans;
    here.served += served;
  } catch (error) {
    here.unreadable++;
    here.reason = String(error);
  }
}

function unpacked(body: Buffer, encoding: string | undefined): Buffer {
  // Elastic's agent streams, and may end without the trailer.
  const options = { finishFlush: constants.Z_SYNC_FLUSH };
  if (body.length === 0) return body;
  if (encoding === "gzip") return gunzipSync(body, options);
  if (encoding === "deflate") return inflateSync(body, options);
  return body;
}

function answer({ url, method }: IncomingMessage, response: ServerResponse): void {
  const path = url!;
  if (path === "/v1/traces") {
    response.setHeader("content-type", "application/x-protobuf");
    response.end();
    return;
  }
  response.setHeader("content-type", "application/json");
  if (path.startsWith("/info")) response.end(JSON.stringify(AGENT));
  else if (path.startsWith("/v0") && path.includes("/traces")) response.end('{"rate_by_service":{}}');
  else if (path === "/" && method === "GET") response.end(JSON.stringify(APM_SERVER));
  else if (path.startsWith("/intake")) response.writeHead(202).end();
  else response.end("{}");
}
