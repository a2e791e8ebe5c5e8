// One request and its response over node:http: each has a connection of its own, as in Tornado.

import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import { pipeline } from "node:stream";
import { constants, createGunzip } from "node:zlib";
import type { TracedFetch } from "./client-tracing.ts";
import type { FetchLimits } from "./fetch-limits.ts";
import type { Hop } from "./hop.ts";
import { HTTPStreamClosedError } from "./http-error.ts";
import { HTTPHeaders } from "./http-headers.ts";
import type { RequestSettings } from "./request-defaults.ts";

/** Sends a request with its trace headers. Resolves when the head of the response is here. */
export function send(
  hop: Hop,
  { sslOptions, validateCert }: RequestSettings,
  traced: TracedFetch,
  limits: FetchLimits,
): Promise<IncomingMessage> {
  const isSecure = hop.url.protocol === "https:";
  const tls = sslOptions ?? { rejectUnauthorized: validateCert };
  const options = { ...(isSecure && tls), agent: false as const, method: hop.method, headers: headersOf(hop, traced) };
  return new Promise((resolve, reject) => {
    const request = traced.send(() => (isSecure ? https : http).request(hop.url, options));
    limits.watch(request, isSecure);
    let isAnswered = false;
    request.on("response", (response) => {
      isAnswered = true;
      resolve(response);
    });
    request.on("error", (error) => reject(asClosed(error)));
    request.on("close", () => {
      // An answer that switches protocols, which nobody asked for: Node closes the connection and says nothing.
      if (!isAnswered) reject(new HTTPStreamClosedError("Connection closed"));
    });
    request.end(hop.body);
  });
}

/** A URL as `propagateTo` and spans get it: without credentials and fragment. */
export function targetOf({ url }: Hop): string {
  return url.origin + url.pathname + url.search;
}

/** Hands over the head line by line, as `readBody` does the body. Where `take` throws, the body is not read any more. */
export async function tellHead(message: IncomingMessage, take: (line: string) => unknown): Promise<void> {
  const { httpVersion, statusCode, statusMessage, rawHeaders } = message;
  try {
    await take(`HTTP/${httpVersion} ${statusCode} ${statusMessage}\r\n`);
    for (let i = 0; i + 1 < rawHeaders.length; i += 2) await take(`${rawHeaders[i]}: ${rawHeaders[i + 1]}\r\n`);
    await take("\r\n");
  } catch (error) {
    message.destroy();
    throw error;
  }
}

/** Whether the body must be unpacked; then its encoding is shown under Tornado's name for it. */
export function takeGzip(headers: HTTPHeaders): boolean {
  const encoding = headers.get("Content-Encoding");
  if (encoding?.toLowerCase() !== "gzip") return false;
  headers.set("X-Consumed-Content-Encoding", encoding);
  headers.delete("Content-Encoding");
  return true;
}

/**
 * Reads a body to its end, and waits for what `take` answers before it goes on.
 *
 * @param limit in bytes, unpacked
 * @throws HTTPStreamClosedError where the connection closes before, and for a body that is larger
 */
export async function readBody(
  response: IncomingMessage,
  isGzip: boolean,
  limit: number,
  take: (chunk: Buffer) => unknown,
): Promise<void> {
  let size = 0;
  try {
    for await (const chunk of isGzip ? unzipped(response) : response) {
      size += chunk.length;
      if (size > limit) throw new HTTPStreamClosedError(`Response body larger than ${limit} bytes`);
      await take(chunk);
    }
  } catch (error) {
    throw error === response.errored ? asClosed(error) : error;
  }
}

function headersOf(hop: Hop, traced: TracedFetch): Record<string, string | string[]> {
  const headers = new HTTPHeaders(hop.headers);
  const added = traced.headers(targetOf(hop));
  for (const name in added) headers.set(name, added[name]!);
  return headers.toObject();
}

/** Lenient about a missing end: an answer to HEAD says gzip and has no body at all. */
function unzipped(response: IncomingMessage): AsyncIterable<Buffer> {
  return pipeline(response, createGunzip({ finishFlush: constants.Z_SYNC_FLUSH }), () => {});
}

/** Node's error, but Tornado's where all it says is that the connection was closed: those name no system call. */
function asClosed(error: unknown): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (code !== "ECONNRESET" || syscall !== undefined) return error;
  return new HTTPStreamClosedError("Connection closed", { cause: error });
}
