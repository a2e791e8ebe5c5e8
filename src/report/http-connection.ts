// A connection to a back end, for one POST after another.

import net, { isIP, type Socket } from "node:net";
import tls from "node:tls";
import { type Answer, AnswerReader } from "./http-answer.ts";

/** What became of a POST: `answer` as soon as it is known, if only its head, or why there is none. */
export type Posted =
  | {
      readonly status: "done";
      readonly answer: Answer;
      /** Whether the system has taken all of the body, so that its parts may change. */
      readonly isSent: boolean;
    }
  | {
      readonly status: "lost";
      /** Tells what happened, after the name of the back end. */
      readonly reason: string;
      /** Whether it was lost on a connection that had been kept from an earlier request. */
      readonly isStale: boolean;
    };

/**
 * Milliseconds for a connection to be made. A socket that is connecting keeps the process alive, `unref` or not: a back end
 * behind a silent firewall would hold up its end for as long as a request may take.
 */
const CONNECT_LIMIT = 3_000;
/** Milliseconds before the back end closes an idle connection in which it is no longer used, for a request may cross that. */
const MARGIN = 1_000;

/**
 * Not Node's own client: after a single request of it in a process, the code that it shares with Node's servers knows two kinds of
 * messages, and every request that is served from then on takes 0.5 to 1 µs more.
 */
export class HttpConnection {
  readonly #socket: Socket;
  /** What the POST that is under way waits for. */
  #reader: AnswerReader | undefined;
  #end: ((posted: Posted) => void) | undefined;
  #isUsed = false;
  #isSent = false;
  #isBroken = false;
  /** A time of `performance.now()`. */
  #freeUntil = Number.POSITIVE_INFINITY;

  /** @param session  by which TLS is spared a full handshake, from `onSession` of an earlier connection */
  constructor(endpoint: URL, session?: Buffer, onSession?: (session: Buffer) => void) {
    const host = endpoint.hostname.replace(/^\[|\]$/g, "");
    const isSecure = endpoint.protocol === "https:";
    const port = Number(endpoint.port) || (isSecure ? 443 : 80);
    const socket = isSecure
      ? tls.connect({
          host,
          port,
          ALPNProtocols: ["http/1.1"],
          ...(isIP(host) === 0 ? { servername: host } : undefined),
          ...(session === undefined ? undefined : { session }),
        })
      : net.connect({ host, port });
    this.#socket = socket;
    socket.unref();
    socket.setNoDelay(true);
    limitConnecting(socket);
    if (onSession !== undefined) socket.on("session", onSession);
    socket.on("data", (bytes: Buffer) => this.#received(bytes));
    socket.on("end", () => this.#ended());
    socket.on("error", (error) => this.#lost(`: ${reasonOf(error)}`));
    socket.on("close", () => this.#lost(" closed the connection"));
  }

  /** Whether a POST may be made now. */
  get isFree(): boolean {
    return this.#end === undefined && !this.#isBroken && performance.now() < this.#freeUntil;
  }

  /** Sends a request head and a body in parts, which must not change until it is sent. Never rejects. @param timeLimit milliseconds */
  post(head: Buffer, body: readonly Uint8Array[], timeLimit: number): Promise<Posted> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#timedOut(timeLimit), Math.min(Math.max(1, timeLimit), 2 ** 31 - 1));
      timer.unref();
      this.#reader = new AnswerReader();
      this.#isSent = false;
      this.#end = (posted) => {
        clearTimeout(timer);
        resolve(posted);
      };
      const socket = this.#socket;
      socket.cork();
      socket.write(head);
      for (const part of body.slice(0, -1)) socket.write(part);
      socket.write(body.at(-1) ?? "", (error) => {
        this.#isSent = !error;
      });
      socket.uncork();
    });
  }

  destroy(reason?: Error): void {
    this.#isBroken = true;
    this.#socket.destroy(reason);
  }

  #received(bytes: Buffer): void {
    const reader = this.#reader;
    try {
      // A back end that says something unasked, "408 Request Timeout" perhaps, is about to close.
      if (reader === undefined) this.destroy();
      else if (reader.read(bytes)) this.#answered(reader);
    } catch {
      this.#lost(" answered with something that is not HTTP/1.1", false);
    }
  }

  #ended(): void {
    this.#isBroken = true;
    const reader = this.#reader;
    reader?.end();
    if (reader?.answer !== undefined) this.#answered(reader);
  }

  #timedOut(limit: number): void {
    // The status had come: that a body was cut short does not undo it.
    if (this.#reader?.answer !== undefined) this.#answered(this.#reader);
    else this.#lost(` gave no answer within ${Math.round(limit)} ms`, false);
  }

  #answered(reader: AnswerReader): void {
    if (!reader.leavesConnection || !this.#isSent) this.destroy();
    const { idleSeconds } = reader;
    if (idleSeconds !== undefined) this.#freeUntil = performance.now() + idleSeconds * 1000 - MARGIN;
    this.#settle({ status: "done", answer: reader.answer!, isSent: this.#isSent });
  }

  #lost(reason: string, isStale = this.#isUsed): void {
    this.destroy();
    if (this.#reader?.answer === undefined) this.#settle({ status: "lost", reason, isStale });
    else this.#answered(this.#reader);
  }

  #settle(posted: Posted): void {
    const end = this.#end;
    this.#isUsed = true;
    this.#reader = undefined;
    this.#end = undefined;
    end?.(posted);
  }
}

function limitConnecting(socket: Socket): void {
  const timer = setTimeout(() => {
    socket.destroy(Object.assign(new Error("no connection within the time limit"), { code: "ETIMEDOUT" }));
  }, CONNECT_LIMIT);
  timer.unref();
  const stop = (): void => clearTimeout(timer);
  socket.once("connect", stop).once("close", stop);
}

/** An error's code or class. Its message may quote what was sent. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "an unknown error";
  const { code } = error as Error & { code?: unknown };
  return typeof code === "string" ? code : error.name;
}
