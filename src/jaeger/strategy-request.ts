// Asks Jaeger's sampling manager: `GET /sampling?service=NAME`.

import type { IncomingMessage } from "node:http";
import http from "node:http";
import https from "node:https";
import { ownRequest } from "../untraced.ts";

/** Milliseconds for one answer. */
const TIME_LIMIT = 5_000;
/** Characters of an answer: some 2,000 operations. */
const MAX_LENGTH = 1024 * 1024;

/**
 * Asks once; `done` gets the answer's text, or an error. The request is no part of any trace and does not keep the process
 * alive, but while a connection is being made.
 *
 * @returns breaks it off: `done` is not called any more
 */
export function requestStrategy(url: URL, done: (answer: string | Error) => void): () => void {
  let ended = false;
  const end = (answer: string | Error): void => {
    if (ended) return;
    ended = true;
    clearTimeout(timer);
    request.destroy();
    done(answer);
  };
  const request = ownRequest(() => (url.protocol === "https:" ? https : http).get(url, { agent: false }));
  request.on("socket", (socket) => socket.unref());
  request.on("error", end);
  request.on("response", (response) => read(response, end));
  const timer = setTimeout(() => end(new Error(`no answer within ${TIME_LIMIT} ms`)), TIME_LIMIT);
  timer.unref();
  return () => {
    ended = true;
    clearTimeout(timer);
    request.destroy();
  };
}

function read(response: IncomingMessage, end: (answer: string | Error) => void): void {
  let text = "";
  response.setEncoding("utf8");
  response.on("data", (part: string) => {
    text += part;
    if (text.length > MAX_LENGTH) end(new Error("the answer is too long"));
  });
  response.on("end", () => {
    const { statusCode } = response;
    end(statusCode === 200 ? text : new Error(`it answered with status ${statusCode}`));
  });
  response.on("error", end);
  response.on("close", () => end(new Error("it closed the connection")));
}
