// Reads a back end's answer, as much of it as is worth reading.

import type { IncomingMessage } from "node:http";

export interface Answer {
  /** The HTTP status. */
  readonly code: number;
  /** The media type, in lower case and without parameters. */
  readonly contentType: string;
  /** The body; undefined where it was cut short, or too long to be meant for us. */
  readonly body: Buffer | undefined;
  /** The header Retry-After as it came. */
  readonly retryAfter: string | undefined;
}

/** Bytes of an answer that are read. OTLP's answers have some hundred. */
const MAX_BODY = 64 * 1024;

/**
 * Calls `done` with the answer; what comes after the first call is to be ignored. A longer body ends the connection: the
 * rest could be endless.
 * @returns a function that waits for no more of the body
 */
export function readAnswer(response: IncomingMessage, done: (answer: Answer) => void): () => void {
  const chunks: Buffer[] = [];
  let length = 0;
  const finish = (complete: boolean): void =>
    done({
      code: response.statusCode ?? 0,
      contentType: (response.headers["content-type"] ?? "").split(";", 1)[0]!.trim().toLowerCase(),
      body: complete ? Buffer.concat(chunks) : undefined,
      retryAfter: response.headers["retry-after"],
    });
  response.on("data", (chunk: Buffer) => {
    length += chunk.length;
    if (length <= MAX_BODY) {
      chunks.push(chunk);
    } else {
      finish(false);
      response.destroy();
    }
  });
  response.on("end", () => finish(response.complete));
  // The status had come: that a body was cut short does not undo it.
  response.on("error", () => finish(false));
  response.on("close", () => finish(false));
  return () => finish(false);
}
