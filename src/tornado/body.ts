// Receives the body of a request: whole, or piece by piece for a handler that wants it so.

import type { IncomingMessage } from "node:http";
import { parseForm } from "./arguments.ts";
import { HTTPError } from "./http-error.ts";
import type { RequestHandler } from "./request-handler.ts";

const STREAMS: unique symbol = Symbol("node-opentracing.streams-request-body");

/**
 * A decorator of handler classes, standard or of TypeScript's older kind: `prepare` is called when the headers are here,
 * `dataReceived(chunk)` with each piece of the body as it comes, and `post` and its like after the last one.
 */
export function streamRequestBody(
  Handler: abstract new (...args: never[]) => RequestHandler,
  _context?: unknown,
): void {
  (Handler as unknown as { [STREAMS]: true })[STREAMS] = true;
}

export function streamsRequestBody(handler: RequestHandler): boolean {
  return (handler.constructor as { [STREAMS]?: true })[STREAMS] === true;
}

/** Whether the request has a body at all, by its headers (RFC 9112, section 6.3). */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

/**
 * Reads the whole body into `handler.request`, forms with their arguments. Answers false where the client left before the
 * end of it.
 *
 * @throws HTTPError 413 where it is longer than `limit` bytes, 400 where it is a malformed form
 */
export async function receiveBody({ request }: RequestHandler, limit: number): Promise<boolean> {
  const chunks: Buffer[] = [];
  if (!(await readBody(request.req, limit, (chunk) => chunks.push(chunk) > 0))) return false;
  const body = Buffer.concat(chunks);
  const { "content-type": type = "", "content-encoding": encoding } = request.headers;
  request.received(body, await parseForm(type, encoding, body));
  return true;
}

/**
 * Hands each piece of the body to `handler.dataReceived`, and waits for that before the next. Answers as above, and false too
 * once the handler has answered: it gets no further pieces.
 */
export async function streamBody(handler: RequestHandler, limit: number): Promise<boolean> {
  const isWhole = await readBody(handler.request.req, limit, async (chunk) => {
    if (hasAnswered(handler)) return false;
    await handler.dataReceived(chunk);
    return true;
  });
  return isWhole && !hasAnswered(handler);
}

/** Whether the response is finished, or an error page is on its way. */
function hasAnswered(handler: RequestHandler): boolean {
  return handler.isFinished || handler.errorPage !== undefined;
}

/** Reads to the end, or until `received` answers false. Answers whether the end was reached. */
async function readBody(
  incoming: IncomingMessage,
  limit: number,
  received: (chunk: Buffer) => boolean | Promise<boolean>,
): Promise<boolean> {
  if (Number(incoming.headers["content-length"] ?? 0) > limit) throw tooLarge(limit);
  const chunks = incoming.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer>;
  let length = 0;
  try {
    for (;;) {
      const next = await chunks.next().catch(() => undefined);
      if (next === undefined) return false; // the connection broke
      if (next.done === true) return true;
      length += next.value.length;
      if (length > limit) throw tooLarge(limit);
      if (!(await received(next.value))) return false;
    }
  } finally {
    // What is left is skipped, for the connection's next request stands behind it.
    await chunks.return?.();
    incoming.resume();
  }
}

function tooLarge(limit: number): HTTPError {
  return new HTTPError(413, `the body is longer than ${limit} bytes`);
}
