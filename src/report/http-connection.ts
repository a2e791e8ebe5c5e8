// A connection to a back end, for one POST after another.

import net, { isIP, type Socket } from "node:net";
import tls from "node:tls";
import { LONGEST_WAIT } from "../settings.ts";
import { type Answer, AnswerReader } from "./http-answer.ts";
import { hostAndPort } from "./url-parts.ts";

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
/** Milliseconds before the end that a back end announces for an idle connection. A request would cross that end on its way. */
const MARGIN = 1_000;
/** Milliseconds until an idle connection asks for a sign of life, lest a router between forgets it unseen. */
const KEEP_ALIVE = 1_000;

/** What a connection over TLS needs besides the endpoint. */
export interface SecureOptions {
  /** The name that the certificate is to be for. Undefined for the endpoint's own. */
  readonly servername: string | undefined;
  /** Of an earlier connection: spares a full handshake. */
  readonly session: Buffer | undefined;
  /** Takes the session for a later connection. */
  readonly onSession: (session: Buffer) => void;
}

/**
 * Posts one body at a time, HTTP/1.1, and reads the answers. It keeps no process alive, but for up to three seconds while it connects.
 *
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

  /** Begins to connect. */
  constructor(endpoint: URL, { servername, session, onSession }: SecureOptions) {
    const { host } = hostAndPort(endpoint.host);
    const isSecure = endpoint.protocol === "https:";
    const port = endpoint.port === "" ? (isSecure ? 443 : 80) : Number(endpoint.port);
    const name = servername ?? host;
    const socket = isSecure
      ? tls.connect({
          host,
          port,
          ALPNProtocols: ["http/1.1"],
          ...(isIP(name) === 0 ? { servername: name } : undefined),
          ...(session === undefined ? undefined : { session }),
        })
      : net.connect({ host, port });
    this.#socket = socket;
    socket.unref();
    // Where a host has several addresses, each try is a handle of its own, which knows nothing of that.
    socket.once("connect", () => socket.unref());
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE);
    limitConnecting(socket);
    socket.on("session", onSession);
    socket.on("data", (bytes: Buffer) => this.#received(bytes));
    socket.on("end", () => this.#ended());
    socket.on("error", (error) => this.#lost(`: ${reasonOf(error)}`));
    socket.on("close", () => this.#lost(CLOSED));
  }

  /** Whether a POST may be made now. */
  get isFree(): boolean {
    return this.#end === undefined && !this.#isBroken && performance.now() < this.#freeUntil;
  }

  /**
   * Sends a request's head and its body in parts, which must not change until it is sent. Only where `isFree`. Never rejects.
   * @param timeLimit milliseconds
   */
  post(head: Buffer, body: readonly Uint8Array[], timeLimit: number): Promise<Posted> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#timedOut(timeLimit), Math.min(Math.max(1, timeLimit), LONGEST_WAIT));
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

  /** Closes at once; a POST that is under way is lost. */
  destroy(reason?: Error): void {
    this.#isBroken = true;
    this.#socket.destroy(reason);
  }

  #received(bytes: Buffer): void {
    const reader = this.#reader;
    // A back end that says something unasked, "408 Request Timeout" perhaps, is about to close.
    if (reader === undefined) this.destroy();
    else if (this.#isReadBy(reader, bytes)) this.#answered(reader);
  }

  #isReadBy(reader: AnswerReader, bytes: Buffer): boolean {
    try {
      return reader.read(bytes);
    } catch (error) {
      this.#lost(` answered with something that is not HTTP/1.1: ${(error as Error).message}`, false);
      return false;
    }
  }

  #ended(): void {
    this.#reader?.end();
    this.#lost(CLOSED);
  }

  #timedOut(limit: number): void {
    // The status had come: that a body was cut short does not undo it.
    if (this.#reader?.answer !== undefined) this.#answered(this.#reader);
    else this.#lost(` gave no answer within ${Math.round(limit)} ms`, false);
  }

  #answered(reader: AnswerReader): void {
    if (!reader.leavesConnection || !this.#isSent) this.destroy();
    const { idleSeconds = Number.POSITIVE_INFINITY } = reader;
    this.#freeUntil = performance.now() + idleSeconds * 1000 - MARGIN;
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

const CLOSED = " closed the connection";

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
