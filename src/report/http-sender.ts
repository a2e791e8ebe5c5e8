// Posts request bodies to a back end, and tries again where that makes sense.

import { AsyncResource } from "node:async_hooks";
import { promisify } from "node:util";
import { count } from "../diagnostics.ts";
import { ownRequest } from "../untraced.ts";
import { VERSION } from "../version.ts";
import type { Answer } from "./http-answer.ts";
import { HttpConnection, type Posted, reasonOf, type SecureOptions } from "./http-connection.ts";
import { backOff, isRetryable, retryAfter } from "./retry.ts";
import { hostAndPort } from "./url-parts.ts";

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
/** Why a body is given up that was not tried before, or whose answer was still to come. */
const CLOSED = "the reporter was closed";

/**
 * Requests belong to no traced request: they, their sockets and timers are made in the async context in which the sender
 * was made, and inside `untraced`. Nothing of a sender keeps the process alive but a connection that is being made: libuv
 * counts that as work whether its socket is unref'd or not.
 */
export class HttpSender {
  readonly #options: HttpSenderOptions;
  readonly #context = new AsyncResource("node-opentracing.HttpSender", { requireManualDestroy: true });
  /** What every request's head begins with. */
  readonly #head: string;
  readonly #busy = new Set<HttpConnection>();
  readonly #idle: HttpConnection[] = [];
  /** Where a header names the host, its certificate is asked for too, as Node's client does. */
  readonly #servername: string | undefined;
  /** Of the last connection over TLS, for the next. */
  #session: Buffer | undefined;
  readonly #waiting = new Set<() => void>();
  /** A time of `performance.now()` before which the back end wants no request. */
  #pausedUntil = 0;
  #hurries = 0;
  #closed = false;
  /** Undefined where bodies are sent as they are. By `process`, for an `import` would load zlib in every service. */
  readonly #compress: ((body: Buffer) => Promise<Buffer>) | undefined;

  constructor(options: HttpSenderOptions) {
    this.#options = options;
    this.#head = headOf(options);
    if (options.compression === "gzip") this.#compress = promisify(process.getBuiltinModule("node:zlib").gzip);
    const [, host] = Object.entries(options.headers).find(([name]) => name.toLowerCase() === "host") ?? [];
    this.#servername = host === undefined ? undefined : hostAndPort(host).host;
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
    for (const connection of this.#busy) connection.destroy(new Error(CLOSED));
    for (const connection of this.#idle) connection.destroy();
  }

  async #send(plain: readonly Uint8Array[]): Promise<Delivery> {
    let reason = CLOSED;
    if (this.#closed) return { status: "failed", reason };
    const body = this.#compress === undefined ? plain : [await this.#compress(Buffer.concat(plain))];
    const { exportTimeout } = this.#options;
    let deadline = exportTimeout > 0 ? performance.now() + exportTimeout : Number.POSITIVE_INFINITY;
    for (let tries = 1; ; tries++) {
      deadline += await this.#pause();
      if (this.#closed) return { status: "failed", reason };
      const hurried = this.#hurries > 0;
      const result = await this.#post(body, Math.min(this.#timeLimit(), deadline - performance.now()));
      if (result.status === "done") {
        if (result.answer.code < 300) return { ...result, status: "delivered" };
        if (!isRetryable(result.answer.code)) {
          return { status: "rejected", reason: `${this.#answered(result.answer)}${this.#pathHint(result.answer)}` };
        }
        this.#pauseFor(retryAfter(result.answer.retryAfter, Date.now()));
      }
      reason = this.#failureOf(result);
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

  #failureOf(posted: Posted): string {
    if (posted.status === "done") return this.#answered(posted.answer);
    return this.#closed ? CLOSED : `${this.target}${posted.reason}`;
  }

  #answered({ code }: Answer): string {
    return `${this.target} answered with status ${code}`;
  }

  /** For those who take the endpoint for OTEL_EXPORTER_OTLP_ENDPOINT, to which a path is added. */
  #pathHint({ code }: Answer): string {
    return code === 404 && this.#options.endpoint.pathname === "/"
      ? "; the endpoint has no path, and is used as it is"
      : "";
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

  async #post(body: readonly Uint8Array[], timeLimit: number): Promise<Posted> {
    let length = 0;
    for (const part of body) length += part.length;
    const head = Buffer.from(`${this.#head}content-length: ${length}\r\n\r\n`, "latin1");
    const connection = this.#freeConnection() ?? this.#connect();
    this.#busy.add(connection);
    const posted = await connection.post(head, body, timeLimit);
    this.#busy.delete(connection);
    if (posted.status === "lost") this.#doubt(posted.isStale);
    if (connection.isFree && !this.#closed) this.#idle.push(connection);
    else connection.destroy();
    return posted;
  }

  /** What was kept from earlier requests may be why a body was lost. `isStale`: where it is this connection alone. */
  #doubt(isStale: boolean): void {
    this.#session = undefined;
    if (isStale) return;
    for (const connection of this.#idle.splice(0)) connection.destroy();
  }

  /** The one that was used last, so that the others become idle. */
  #freeConnection(): HttpConnection | undefined {
    for (;;) {
      const connection = this.#idle.pop();
      if (connection === undefined || connection.isFree) return connection;
      connection.destroy();
    }
  }

  #connect(): HttpConnection {
    const secure: SecureOptions = {
      servername: this.#servername,
      session: this.#session,
      onSession: (session) => {
        this.#session = session;
      },
    };
    return ownRequest(() => new HttpConnection(this.#options.endpoint, secure));
  }
}

/** Request line and all headers but the length. */
function headOf({ endpoint, headers, contentType, compression }: HttpSenderOptions): string {
  // Who sends, as OTLP's exporter specification asks for ("User Agent").
  const all: Record<string, string> = { host: endpoint.host, "user-agent": `node-opentracing/${VERSION}` };
  if (endpoint.username !== "" || endpoint.password !== "") {
    const credentials = `${decoded(endpoint.username)}:${decoded(endpoint.password)}`;
    all["authorization"] = `Basic ${Buffer.from(credentials).toString("base64")}`;
  }
  for (const [name, value] of Object.entries(headers)) all[name.toLowerCase()] = value;
  all["content-type"] = contentType;
  if (compression === "gzip") all["content-encoding"] = "gzip";
  all["connection"] ??= "keep-alive";

  let head = `POST ${endpoint.pathname}${endpoint.search} HTTP/1.1\r\n`;
  for (const [name, value] of Object.entries(all)) head += `${name}: ${value}\r\n`;
  return head;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
