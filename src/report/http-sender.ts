// Posts request bodies to a back end, and tries again where that makes sense.

import { AsyncResource } from "node:async_hooks";
import http, { type ClientRequest } from "node:http";
import https from "node:https";
import type { Socket } from "node:net";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { count } from "../diagnostics.ts";
import { ownRequest } from "../untraced.ts";
import { VERSION } from "../version.ts";
import { type Answer, readAnswer } from "./http-answer.ts";
import { backOff, isRetryable, retryAfter } from "./retry.ts";

export interface HttpSenderOptions {
  /** An http or https URL. Credentials in it become an Authorization header. */
  readonly endpoint: URL;
  readonly contentType: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly compression: "gzip" | "none";
  /** Milliseconds for one request, its answer included. 0 for no limit. */
  readonly timeout: number;
  /** Milliseconds for all tries of one body. 0 for no limit. */
  readonly exportTimeout: number;
}

/** What became of a body. `reason` never holds header values or credentials. */
export type Delivery =
  | {
      readonly status: "delivered";
      readonly answer: Answer;
      /** Whether the system has taken all of the body, so that its parts may change. */
      readonly isSent: boolean;
    }
  | { readonly status: "rejected" | "failed"; readonly reason: string };

/** Tries of one body. */
const MAX_TRIES = 6;
/** Requests at a time; a reporter sends no more. Idle sockets are kept for the next. */
const MAX_SOCKETS = 4;

const compress = promisify(gzip);

/**
 * Requests belong to no traced request: they, their sockets and timers are made in the async context in which the sender
 * was made, and inside `untraced`. Nothing of a sender keeps the process alive but a connection that is being made: libuv
 * counts that as work whether its socket is unref'd or not.
 */
export class HttpSender {
  readonly #options: HttpSenderOptions;
  readonly #agent: http.Agent;
  readonly #headers: Record<string, string>;
  readonly #context = new AsyncResource("node-opentracing.HttpSender", { requireManualDestroy: true });
  readonly #open = new Set<http.ClientRequest>();
  readonly #waiting = new Set<() => void>();
  /** A time of `performance.now()` before which the back end wants no request. */
  #pausedUntil = 0;
  #hurries = 0;
  #closed = false;

  constructor(options: HttpSenderOptions) {
    const { endpoint } = options;
    const { Agent } = endpoint.protocol === "https:" ? https : http;
    this.#options = options;
    this.#agent = new Agent({ keepAlive: true, maxSockets: MAX_SOCKETS, maxFreeSockets: MAX_SOCKETS });
    this.#headers = headersOf(options);
  }

  /** Where it posts to, without credentials and query. */
  get target(): string {
    return `${this.#options.endpoint.origin}${this.#options.endpoint.pathname}`;
  }

  /** Posts a body given in parts. Never rejects. The parts must not change until then. */
  async send(body: readonly Uint8Array[]): Promise<Delivery> {
    try {
      return await this.#context.runInAsyncScope(() => this.#send(body));
    } catch (error) {
      return { status: "failed", reason: reasonOf(error) };
    }
  }

  /** Between `hurry` and the call of what it answers, waits for another try are cut short and are the last. */
  hurry(): () => void {
    this.#hurries++;
    for (const wake of this.#waiting) wake();
    return () => {
      this.#hurries--;
    };
  }

  /** Breaks off what is under way and closes all connections. */
  close(): void {
    this.#closed = true;
    for (const wake of this.#waiting) wake();
    for (const request of this.#open) request.destroy(new Error("the reporter was closed"));
    this.#agent.destroy();
  }

  async #send(plain: readonly Uint8Array[]): Promise<Delivery> {
    if (this.#closed) return { status: "failed", reason: "the reporter was closed" };
    const body = this.#options.compression === "gzip" ? [await compress(Buffer.concat(plain))] : plain;
    const { exportTimeout } = this.#options;
    let deadline = exportTimeout > 0 ? performance.now() + exportTimeout : Number.POSITIVE_INFINITY;
    for (let tries = 1; ; tries++) {
      deadline += await this.#pause();
      if (this.#closed) return { status: "failed", reason: "the reporter was closed" };
      const hurried = this.#hurries > 0;
      const result = await this.#post(body, Math.min(this.#timeLimit(), deadline - performance.now()));
      if (result.status === "done") {
        if (result.answer.code < 300) return { ...result, status: "delivered" };
        if (!isRetryable(result.answer.code)) {
          return { status: "rejected", reason: `${this.target} answered with status ${result.answer.code}` };
        }
        this.#pauseFor(retryAfter(result.answer.retryAfter, Date.now()));
      }
      const reason =
        result.status === "done" ? `${this.target} answered with status ${result.answer.code}` : result.reason;
      const wait = backOff(tries);
      // A kept connection that the back end has closed meanwhile says nothing of the back end: ask on another, at once.
      const isStale = result.status === "lost" && result.isStale;
      if (this.#closed || (hurried && !isStale) || tries >= MAX_TRIES || performance.now() + wait >= deadline) {
        return { status: "failed", reason };
      }
      count("report.retried", 1, reason);
      if (!isStale && this.#pausedUntil <= performance.now()) await this.#wait(wait);
    }
  }

  #timeLimit(): number {
    return this.#options.timeout > 0 ? this.#options.timeout : Number.POSITIVE_INFINITY;
  }

  #pauseFor(milliseconds: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, performance.now() + milliseconds);
  }

  /** Waits while the back end wants to be left alone; answers for how long that was. */
  async #pause(): Promise<number> {
    const started = performance.now();
    // A loop, for another batch's answer may prolong the pause, and a hurry, which may not cut it short, wakes everybody.
    while (!this.#closed && performance.now() < this.#pausedUntil) {
      await this.#wait(this.#pausedUntil - performance.now(), true);
    }
    return performance.now() - started;
  }

  /** Resolves after the time, or sooner where it is woken. @param firmly whether to begin it although there is a hurry */
  #wait(milliseconds: number, firmly = false): Promise<void> {
    if (this.#closed || (!firmly && this.#hurries > 0)) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, Math.ceil(milliseconds) + 1);
      timer.unref();
      this.#waiting.add(wake);
    });
  }

  #post(body: readonly Uint8Array[], timeLimit: number): Promise<PostResult> {
    return new Promise((resolve) => {
      const { endpoint, compression, contentType } = this.#options;
      let length = 0;
      for (const part of body) length += part.length;
      const request = ownRequest(() =>
        (endpoint.protocol === "https:" ? https : http).request({
          protocol: endpoint.protocol,
          hostname: endpoint.hostname.replace(/^\[|\]$/g, ""),
          port: endpoint.port,
          path: endpoint.pathname + endpoint.search,
          method: "POST",
          agent: this.#agent,
          headers: {
            ...this.#headers,
            "Content-Type": contentType,
            "Content-Length": length,
            ...(compression === "gzip" ? { "Content-Encoding": "gzip" } : undefined),
          },
        }),
      );
      this.#open.add(request);
      let ended = false;
      const end = (result: PostResult): void => {
        if (ended) return;
        ended = true;
        clearTimeout(timer);
        this.#open.delete(request);
        resolve(result);
      };
      const lost = (reason: string, isStale = request.reusedSocket): void => end({ status: "lost", reason, isStale });
      let cutAnswer: (() => void) | undefined;
      const timer = setTimeout(
        () => {
          cutAnswer?.();
          lost(`${this.target} gave no answer within ${Math.round(timeLimit)} ms`, false);
          request.destroy();
        },
        Math.min(Math.max(1, timeLimit), 2 ** 31 - 1),
      );
      timer.unref();
      request.on("socket", (socket) => {
        socket.unref();
        if (socket.connecting) limitConnecting(socket, request);
      });
      request.on("error", (error) => lost(`${this.target}: ${reasonOf(error)}`));
      request.on("response", (response) => {
        cutAnswer = readAnswer(response, (answer) => {
          end({ status: "done", answer, isSent: request.writableFinished });
        });
      });
      request.on("close", () => lost(`${this.target} closed the connection`));
      for (const part of body) request.write(part);
      request.end();
    });
  }
}

/**
 * Milliseconds for a connection to be made. A socket that is connecting keeps the process alive, `unref` or not: a back end
 * behind a silent firewall would hold up its end for as long as a request may take.
 */
const CONNECT_LIMIT = 3_000;

function limitConnecting(socket: Socket, request: ClientRequest): void {
  const timer = setTimeout(() => {
    request.destroy(Object.assign(new Error("no connection within the time limit"), { code: "ETIMEDOUT" }));
  }, CONNECT_LIMIT);
  timer.unref();
  const stop = (): void => clearTimeout(timer);
  socket.once("connect", stop).once("close", stop);
}

type PostResult =
  | { readonly status: "done"; readonly answer: Answer; readonly isSent: boolean }
  | {
      readonly status: "lost";
      readonly reason: string;
      /** Whether it was lost on a connection that had been kept from an earlier request. */
      readonly isStale: boolean;
    };

function headersOf({ endpoint, headers }: HttpSenderOptions): Record<string, string> {
  // Who sends, as OTLP's exporter specification asks for ("User Agent").
  const result: Record<string, string> = { "user-agent": `node-opentracing/${VERSION}` };
  if (endpoint.username !== "" || endpoint.password !== "") {
    const credentials = `${decoded(endpoint.username)}:${decoded(endpoint.password)}`;
    result["authorization"] = `Basic ${Buffer.from(credentials).toString("base64")}`;
  }
  for (const [name, value] of Object.entries(headers)) result[name.toLowerCase()] = value;
  return result;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** An error's code or class. Its message may quote what was sent. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "an unknown error";
  const { code } = error as Error & { code?: unknown };
  return typeof code === "string" ? code : error.name;
}
