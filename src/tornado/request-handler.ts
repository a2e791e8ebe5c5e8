// Tornado's RequestHandler: subclass it, and write `get`, `post` and the like.

import { STATUS_CODES } from "node:http";
import { isThenable } from "../guard.ts";
import { show } from "../settings.ts";
import type { Application, ApplicationSettings } from "./application.ts";
import type { Arguments } from "./arguments.ts";
import { type CookieOptions, setCookieHeader } from "./cookies.ts";
import { isAnswer, isStatus } from "./error-status.ts";
import { etagOf, matchesEtag } from "./etag.ts";
import { caught, log } from "./execution.ts";
import type { HTTPServerRequest } from "./http-server-request.ts";
import { MissingArgumentError } from "./missing-argument-error.ts";
import { Output } from "./output.ts";
import type { PathArguments } from "./routes.ts";

/** Why an error page is sent. */
export interface WriteErrorOptions {
  /** What was thrown, where that is the reason. */
  readonly error?: unknown;
  /** What the status line says in place of the status's usual words. */
  readonly reason?: string | undefined;
}

/**
 * One object serves one request. The methods that a subclass has of `get`, `head`, `post`, `delete`, `patch`, `put` and
 * `options` are served, with the groups of the route as arguments; others are answered with 405. The response is finished
 * when the method returns, or when the promise it returns settles.
 */
export class RequestHandler {
  /** Methods beyond which every request is answered with 405. */
  static readonly SUPPORTED_METHODS: readonly string[] = ["GET", "HEAD", "POST", "DELETE", "PATCH", "PUT", "OPTIONS"];

  readonly application: Application;
  readonly request: HTTPServerRequest;
  /** The groups of the route that have no names, from `prepare` on: the arguments of `get` and its like, which may be changed. */
  pathArgs: PathArguments["pathArgs"] = [];
  /** Those that have names: one object, behind the others. */
  pathKwargs: PathArguments["pathKwargs"] = {};
  readonly #output: Output;
  #errorPage: Promise<void> | undefined;

  constructor(application: Application, request: HTTPServerRequest) {
    this.application = application;
    this.request = request;
    this.#output = new Output(request.res);
  }

  /** The application's settings. */
  get settings(): ApplicationSettings {
    return this.application.settings;
  }

  /** Whether `finish` was called. */
  get isFinished(): boolean {
    return this.#output.isFinished;
  }

  /** Called first, with what the route says. May be async. For subclasses. */
  initialize(_options: object): void {}

  /** Called before `get` and its like; these are not called if it finishes the response. May be async. For subclasses. */
  prepare(): unknown {
    return undefined;
  }

  /** Called with each piece of the body as it comes, where the class is decorated with `streamRequestBody`. May be async. */
  dataReceived(_chunk: Buffer): unknown {
    throw new Error("a class decorated with streamRequestBody must have a method dataReceived(chunk)");
  }

  /** Called once the response has been handed to the connection. For subclasses. */
  onFinish(): void {}

  /**
   * Called where the connection closes before the response is finished. Spans that are started in it are children of the request's, which has
   * ended by then. For subclasses.
   */
  onConnectionClose(): void {}

  /** Called whenever headers are reset: for headers that every response shall have. For subclasses. */
  setDefaultHeaders(): void {}

  /** Forgets status, headers and what was written so far. */
  clear(): void {
    const { res: outgoing } = this.request;
    for (const name of outgoing.getHeaderNames()) outgoing.removeHeader(name);
    this.#output.discard();
    this.setHeader("Content-Type", "text/html; charset=UTF-8");
    this.setDefaultHeaders();
    this.setStatus(200);
  }

  /** @param reason in place of the status's usual words. @throws RangeError for a status below 100 or above 999 */
  setStatus(statusCode: number, reason?: string): void {
    if (!isStatus(statusCode)) throw new RangeError(`setStatus: ${statusCode} is no status; 100 to 999 are`);
    const { res: outgoing } = this.request;
    outgoing.statusCode = statusCode;
    outgoing.statusMessage = safeReason(reason) ?? STATUS_CODES[statusCode] ?? "Unknown";
  }

  getStatus(): number {
    return this.request.res.statusCode;
  }

  /** Sets a header, in place of those of the same name. Throws once headers have been flushed. */
  setHeader(name: string, value: string | number | Date): void {
    this.request.res.setHeader(name, headerText(value));
  }

  /** Adds a header that may stand there more than once. Throws once headers have been flushed. */
  addHeader(name: string, value: string | number | Date): void {
    this.request.res.appendHeader(name, headerText(value));
  }

  clearHeader(name: string): void {
    this.request.res.removeHeader(name);
  }

  /**
   * The argument of that name, of the query or of a form in the body; of several the last. White space around it is taken
   * away, unless `strip` is false.
   *
   * @throws MissingArgumentError (400) where there is none and no default is given
   */
  getArgument(name: string): string;
  getArgument<T>(name: string, byDefault: T, strip?: boolean): string | T;
  getArgument(name: string, ...rest: [byDefault?: unknown, strip?: boolean]): unknown {
    return lastOf(this.request.arguments, name, rest);
  }

  /** The same, of the body alone. */
  getBodyArgument(name: string): string;
  getBodyArgument<T>(name: string, byDefault: T, strip?: boolean): string | T;
  getBodyArgument(name: string, ...rest: [byDefault?: unknown, strip?: boolean]): unknown {
    return lastOf(this.request.bodyArguments, name, rest);
  }

  /** The same, of the query alone. */
  getQueryArgument(name: string): string;
  getQueryArgument<T>(name: string, byDefault: T, strip?: boolean): string | T;
  getQueryArgument(name: string, ...rest: [byDefault?: unknown, strip?: boolean]): unknown {
    return lastOf(this.request.queryArguments, name, rest);
  }

  /** All arguments of that name; none is an empty list. */
  getArguments(name: string, strip = true): string[] {
    return allOf(this.request.arguments, name, strip);
  }

  getBodyArguments(name: string, strip = true): string[] {
    return allOf(this.request.bodyArguments, name, strip);
  }

  getQueryArguments(name: string, strip = true): string[] {
    return allOf(this.request.queryArguments, name, strip);
  }

  /** A cookie of the request. */
  getCookie(name: string): string | undefined;
  getCookie<T>(name: string, byDefault: T): string | T;
  getCookie(name: string, byDefault?: unknown): unknown {
    return this.request.cookies[name] ?? byDefault;
  }

  /** Sets a cookie of the response. @throws TypeError for what a cookie may not hold */
  setCookie(name: string, value: string, options?: CookieOptions): void {
    this.#output.setCookie(name, setCookieHeader(name, value, options));
  }

  /** Takes a cookie from the client; path and domain must be those it was set with. */
  clearCookie(name: string, options: Pick<CookieOptions, "path" | "domain"> = {}): void {
    this.setCookie(name, "", { ...options, expires: new Date(Date.now() - YEAR) });
  }

  /** Ends the request with a redirect: 302, or 301 if it is permanent, or the status given. */
  redirect(url: string, permanent = false, status: number = permanent ? 301 : 302): void {
    if (this.#output.headersWritten) throw new Error("Cannot redirect after headers have been written");
    if (!(status >= 300 && status <= 399)) throw new RangeError(`redirect: ${status} is no status of a redirect`);
    this.setStatus(status);
    // Node sends headers as Latin-1, and Tornado this one as UTF-8.
    this.setHeader("Location", Buffer.from(url).toString("latin1"));
    void this.finish();
  }

  /**
   * Writes text, bytes, or an object as JSON, to be sent by `flush` or `finish`. With an object the Content-Type becomes
   * `application/json`; set another one after this call.
   *
   * @throws TypeError for an array and all else: wrap an array in an object, for an array as an answer can be read by
   *   other sites in old browsers
   */
  write(chunk: string | Uint8Array | object): void {
    if (this.isFinished) throw new Error("Cannot write() after finish()");
    if (typeof chunk === "string") this.#output.append(Buffer.from(chunk));
    else if (chunk instanceof Uint8Array) this.#output.append(Buffer.from(chunk));
    else {
      this.#output.append(Buffer.from(jsonText(chunk)));
      if (!this.#output.headersWritten) this.setHeader("Content-Type", "application/json; charset=UTF-8");
    }
  }

  /**
   * Sends what was written, status and headers first. The promise resolves when it has left, and rejects with
   * StreamClosedError where the connection has closed; it need not be awaited.
   *
   * @throws Error where the body is longer than Content-Length says
   */
  flush(): Promise<void> {
    return this.#output.flush();
  }

  /**
   * Writes `chunk` if there is one, and ends the response. The promise is that of `flush`.
   *
   * @throws Error when called again, and where the body is not as long as Content-Length says
   */
  finish(chunk?: string | Uint8Array | object): Promise<void> {
    if (this.isFinished) throw new Error("finish() called twice");
    if (chunk !== undefined) this.write(chunk);
    if (!this.#output.headersWritten) this.#completeHeaders();
    try {
      return this.#output.end();
    } finally {
      if (this.isFinished) this.#notify(() => this.onFinish());
    }
  }

  /**
   * Sends an error page in place of what was written. After the headers have left it can only end the response. The promise
   * resolves when the page is written; a further call meanwhile or later changes nothing, and waits for nothing.
   */
  sendError(statusCode = 500, options: WriteErrorOptions = {}): Promise<void> {
    // Not the same promise: `writeError` that asks for another page would wait for itself.
    if (this.#errorPage !== undefined) return Promise.resolve();
    this.#errorPage = this.#sendError(isStatus(statusCode) ? statusCode : 500, options);
    return this.#errorPage;
  }

  /** From now on `onConnectionClose` is called: not while constructors may still throw. @internal */
  watchConnection(): void {
    const left = (): void => this.#notify(() => this.onConnectionClose());
    this.#output.watch(() => {
      const { traced } = this.request;
      if (traced === undefined) left();
      else traced.run(left);
    });
  }

  /** Resolves when the error page that `sendError` was asked for is written. @internal */
  get errorPage(): Promise<void> | undefined {
    return this.#errorPage;
  }

  /** Writes the error page. May be async. For subclasses. */
  writeError(statusCode: number, options: WriteErrorOptions): unknown {
    if (this.settings.serveTraceback === true && options.error instanceof Error) {
      this.setHeader("Content-Type", "text/plain; charset=UTF-8");
      return this.finish(options.error.stack ?? String(options.error));
    }
    const title = `${statusCode}: ${escaped(this.request.res.statusMessage)}`;
    return this.finish(`<html><title>${title}</title><body>${title}</body></html>`);
  }

  /** Logs what a handler threw: an HTTPError only if it has a message for the log. May be async. For subclasses. */
  logException(error: unknown): void {
    const { method, uri, remoteIp } = this.request;
    const summary = `${method} ${uri} (${remoteIp})`;
    if (!isAnswer(error)) console.error(`Uncaught exception ${summary}\n`, error);
    else if (error.logMessage !== undefined) console.warn(`${error.statusCode} ${summary}: ${error.logMessage}`);
  }

  /** The Etag of a 200 for GET and HEAD: a digest of what was written; undefined for none. For subclasses. */
  computeEtag(): string | undefined {
    return etagOf(this.#output.chunks);
  }

  /** Calls what a subclass wrote, be it async or not, where what it throws has nobody to go to. */
  #notify(notice: () => unknown): void {
    try {
      const done = notice();
      if (isThenable(done)) done.then(undefined, (error: unknown) => caught(this, error));
    } catch (error) {
      caught(this, error);
    }
  }

  #completeHeaders(): void {
    const { res: outgoing, method, headers } = this.request;
    if (this.getStatus() === 200 && (method === "GET" || method === "HEAD") && !outgoing.hasHeader("Etag")) {
      const etag = this.computeEtag();
      if (etag !== undefined) {
        this.setHeader("Etag", etag);
        if (matchesEtag(headers["if-none-match"], etag)) {
          this.#output.discard();
          this.setStatus(304);
        }
      }
    }
    const status = this.getStatus();
    const length = this.#output.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    if (status === 204 || status === 304) {
      if (length > 0) throw new Error(`Cannot send body with ${status}`);
      for (const name of ["Content-Encoding", "Content-Language", "Content-Type"]) this.clearHeader(name);
    } else if (!outgoing.hasHeader("Content-Length")) this.setHeader("Content-Length", length);
  }

  async #sendError(statusCode: number, options: WriteErrorOptions): Promise<void> {
    try {
      if (!this.#output.headersWritten) {
        this.clear();
        const { error } = options;
        this.setStatus(statusCode, (isAnswer(error) ? error.reason : undefined) ?? options.reason);
        if (statusCode !== 304) await this.writeError(statusCode, options);
      }
      if (!this.isFinished) void this.finish();
    } catch (failure) {
      // A page that fails makes no error of the server out of what it was to tell of.
      if (statusCode < 500) log(this, failure);
      else caught(this, failure);
      if (!this.isFinished) this.#finishEmpty();
    }
  }

  /** Ends the response where its error page failed. Never throws. */
  #finishEmpty(): void {
    try {
      this.#output.discard();
      if (!this.#output.headersWritten) this.clearHeader("Content-Length"); // of the page that failed
      void this.finish();
    } catch (failure) {
      console.error("Exception in exception handler\n", failure);
      this.request.res.destroy();
    }
  }
}

const YEAR = 365 * 86_400_000;

function lastOf(source: Arguments, name: string, rest: [byDefault?: unknown, strip?: boolean]): unknown {
  const values = allOf(source, name, rest[1] ?? true);
  if (values.length > 0) return values.at(-1);
  if (rest.length === 0) throw new MissingArgumentError(name);
  return rest[0];
}

function allOf(source: Arguments, name: string, strip: boolean): string[] {
  return (source[name] ?? []).map((value) => {
    const text = value.replaceAll(/[\x00-\x08\x0e-\x1f]/g, " ");
    return strip ? text.trim() : text;
  });
}

/** What cannot stand in a status line, or could in an error page be taken for HTML, is left out. */
function safeReason(reason: string | undefined): string | undefined {
  return reason === undefined || /^[\t \x21-\x3b\x3d-\x7e]*$/.test(reason) ? reason : "Unknown";
}

function headerText(value: string | number | Date): string {
  return value instanceof Date ? value.toUTCString() : String(value);
}

/** What the JSON of an object must be: an object. `</` is escaped, so that it may stand in a script of a page. */
function jsonText(chunk: unknown): string {
  const text = typeof chunk === "object" && chunk !== null ? JSON.stringify(chunk) : undefined;
  if (text?.startsWith("{")) return text.replaceAll("</", "<\\/");
  throw new TypeError(`write() takes text, bytes and objects, not ${show(chunk)}; write({ items: [...] }) for a list`);
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
