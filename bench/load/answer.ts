// When an answer of a server is complete.

import { once } from "node:events";
import type { Socket } from "node:net";

/** Sends a request over a connection on which nothing is under way, and resolves with all of its answer. */
export async function exchange(socket: Socket, request: string): Promise<string> {
  socket.write(request);
  let answer = "";
  while (!isWhole(answer)) answer += String((await once(socket, "data"))[0]);
  return answer;
}

/** Whether this is all of an HTTP response, head and body. */
export function isWhole(answer: string): boolean {
  const head = answer.indexOf("\r\n\r\n");
  if (head < 0) return false;
  const length = /\r\ncontent-length: (\d+)/i.exec(answer);
  return length === null ? answer.endsWith("\r\n0\r\n\r\n") : answer.length >= head + 4 + Number(length[1]);
}
