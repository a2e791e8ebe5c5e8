// RequestHandler: each of its methods, as Tornado documents them.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { RawClient } from "node-opentracing/testing";
import {
  Application,
  Finish,
  HTTPError,
  type HTTPServerRequest,
  MissingArgumentError,
  RequestHandler,
  StreamClosedError,
  streamRequestBody,
  type WriteErrorOptions,
} from "node-opentracing/tornado";
import { CERTIFICATE } from "../hosts/node-http/contract-app.js";
import { bodyOf, QuietHandler, serve, tick } from "./scene.js";

const NOT_AS_LONG = "The body is not as long as Content-Length says";
const FORM = "content-type: application/x-www-form-urlencoded";

/** Serves GET and POST of `/` by one function. */
async function handle(t: TestContext, run: (this: QuietHandler) => unknown, settings: object = {}) {
  class Handler extends QuietHandler {
    get(): unknown {
      return run.call(this);
    }
    post(): unknown {
      return run.call(this);
    }
    head(): unknown {
      return run.call(this);
    }
  }
  return serve(t, [["/", Handler]], { ...settings });
}

test("initialize, prepare, method, onFinish: in this order, initialize with the route's options", async (t) => {
  const calls: unknown[] = [];
  class Handler extends QuietHandler {
    database = "none";
    override initialize({ database }: { database: string }): void {
      calls.push("initialize");
      this.database = database;
    }
    override async prepare(): Promise<void> {
      await tick();
      calls.push("prepare");
    }
    async get(id: string): Promise<void> {
      await tick();
      calls.push(`get ${id} ${this.database} ${this.isFinished}`);
      this.write("a");
      this.write(Buffer.from("b"));
    }
    override onFinish(): void {
      calls.push(`onFinish ${this.isFinished} ${this.getStatus()}`);
    }
  }
  const { ask } = await serve(t, [["/(.*)", Handler, { database: "db" }]]);
  assert.equal(bodyOf(await ask("GET /7")), "ab");
  assert.deepEqual(calls, ["initialize", "prepare", "get 7 db false", "onFinish true 200"]);
});

test("initialize gets an empty object where the route says nothing", async (t) => {
  class Handler extends QuietHandler {
    database = "";
    override initialize({ database = "none" }: { database?: string }): void {
      this.database = database;
    }
    get(): void {
      this.write(this.database);
    }
  }
  const { ask } = await serve(t, [["/", Handler]]);
  assert.equal(bodyOf(await ask("GET /")), "none");
});

test("prepare may finish the response; then the method is not called", async (t) => {
  class Handler extends QuietHandler {
    override async prepare(): Promise<void> {
      await tick();
      void this.finish("from prepare");
    }
    get(): never {
      assert.fail("called");
    }
  }
  const { ask } = await serve(t, [["/", Handler]]);
  assert.equal(bodyOf(await ask("GET /")), "from prepare");
});

test("all seven methods are served, and no others: 405 for what a class lacks", async (t) => {
  class Handler extends QuietHandler {
    get = this.say;
    post = this.say;
    put = this.say;
    patch = this.say;
    delete = this.say;
    options = this.say;
    say(): void {
      this.write(this.request.method);
    }
  }
  const { ask } = await serve(t, [["/", Handler]]);
  for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
    assert.equal(bodyOf(await ask(`${method} /`)), method);
  }
  const page = "<html><title>405: Method Not Allowed</title><body>405: Method Not Allowed</body></html>";
  assert.equal(bodyOf(await ask("PROPFIND /")), page);
  assert.match(await ask("HEAD /"), /^HTTP\/1.1 405 .*content-length: \d+\r\n.*\r\n\r\n$/is);
});

test("a method beyond the seven is served where the class says so", async (t) => {
  class Handler extends QuietHandler {
    static override readonly SUPPORTED_METHODS = [...RequestHandler.SUPPORTED_METHODS, "PROPFIND"];
    propfind(): void {
      this.write("found");
    }
  }
  const { ask } = await serve(t, [["/", Handler]]);
  assert.equal(bodyOf(await ask("PROPFIND /")), "found");
});

test("write: text, bytes, objects as JSON; the Content-Type can be set after it", async (t) => {
  const { ask } = await handle(t, function () {
    const kind = this.getArgument("kind");
    if (kind === "text") this.write("é");
    if (kind === "bytes") this.write(new Uint8Array([104, 105]));
    if (kind === "object") this.write({ a: "</script>" });
    if (kind === "own") {
      this.write({ a: 1 });
      this.setHeader("Content-Type", "application/problem+json");
    }
  });
  assert.match(await ask("GET /?kind=text"), /content-type: text\/html; charset=UTF-8\r\n.*content-length: 2\r\n/is);
  assert.equal(bodyOf(await ask("GET /?kind=bytes")), "hi");
  const json = await ask("GET /?kind=object");
  assert.match(json, /content-type: application\/json; charset=UTF-8\r\n/i);
  assert.equal(bodyOf(json), '{"a":"<\\/script>"}');
  assert.match(await ask("GET /?kind=own"), /content-type: application\/problem\+json\r\n/i);
});

test("write: refuses arrays and all else, and anything after finish", async (t) => {
  const errors: unknown[] = [];
  const { ask } = await handle(t, function () {
    for (const wrong of [[1], 5, null, undefined, true, new Date(0), () => {}, { toJSON: () => [1] }]) {
      assert.throws(() => this.write(wrong as object), {
        name: "TypeError",
        message: /write\(\) takes text, bytes and objects/,
      });
    }
    void this.finish("done");
    for (const late of [() => this.write("more"), () => this.finish()]) {
      try {
        late();
      } catch (error) {
        errors.push((error as Error).message);
      }
    }
  });
  assert.equal(bodyOf(await ask("GET /")), "done");
  assert.deepEqual(errors, ["Cannot write() after finish()", "finish() called twice"]);
});

test("status and headers: set, add, clear; a reason of one's own; default headers", async (t) => {
  class Handler extends QuietHandler {
    override setDefaultHeaders(): void {
      this.setHeader("X-Default", "always");
    }
    get(): void {
      assert.equal(this.getStatus(), 200);
      this.setStatus(418, "I am a teapot");
      assert.equal(this.getStatus(), 418);
      this.setHeader("X-One", 1);
      this.setHeader("X-One", 2);
      this.addHeader("X-Many", "a");
      this.addHeader("X-Many", "b");
      this.setHeader("X-When", new Date(0));
      this.setHeader("X-Gone", "x");
      this.clearHeader("X-Gone");
    }
  }
  const { ask } = await serve(t, [["/", Handler]]);
  const answer = await ask("GET /");
  assert.match(answer, /^HTTP\/1.1 418 I am a teapot\r\n/);
  for (const line of [
    "X-Default: always",
    "X-One: 2",
    "X-Many: a",
    "X-Many: b",
    "X-When: Thu, 01 Jan 1970 00:00:00 GMT",
  ]) {
    assert.ok(answer.includes(`\r\n${line}\r\n`), line);
  }
  assert.doesNotMatch(answer, /X-Gone|X-One: 1/);
});

test("header injection is refused, in headers and in the reason", async (t) => {
  const { ask } = await handle(t, function () {
    assert.throws(() => this.setHeader("X-A", "a\r\nX-B: b"), { code: "ERR_INVALID_CHAR" });
    assert.throws(() => this.redirect("/\r\nX-B: b"), { code: "ERR_INVALID_CHAR" });
    this.setStatus(500, "Bad\r\nX-B: b");
  });
  assert.match(await ask("GET /"), /^HTTP\/1.1 500 Unknown\r\n/);
});

test("redirect: 302, permanently 301, or the status given", async (t) => {
  const { ask } = await handle(t, function () {
    const kind = this.getArgument("kind");
    if (kind === "302") this.redirect("/a");
    if (kind === "301") this.redirect("/a", true);
    if (kind === "307") this.redirect("/a", false, 307);
    if (kind === "200") assert.throws(() => this.redirect("/a", false, 200), RangeError);
  });
  for (const status of ["302", "301", "307"]) {
    assert.match(await ask(`GET /?kind=${status}`), new RegExp(`^HTTP/1.1 ${status} .*\r\nLocation: /a\r\n`, "s"));
  }
  assert.match(await ask("GET /?kind=200"), /^HTTP\/1.1 200/);
});

test("redirect: a URL with characters beyond ASCII is sent as UTF-8", async (t) => {
  const { ask } = await handle(t, function () {
    this.redirect("/caf\u00e9/\u20ac");
  });
  // What came is read as Latin-1.
  const answer = Buffer.from(await ask("GET /"), "latin1").toString();
  assert.match(answer, /^HTTP\/1.1 302 .*\r\nLocation: \/caf\u00e9\/\u20ac\r\n/s);
});

test("arguments: the last value, white space taken away, defaults, lists, 400 where one is missing", async (t) => {
  const seen: unknown[] = [];
  const { ask } = await handle(t, function () {
    seen.push(
      this.getArgument("a"),
      this.getArgument("a", "x", false),
      this.getArgument("none", "fallback"),
      this.getArgument("none", undefined),
      this.getArguments("a"),
      this.getArguments("none"),
      this.getArgument("empty"),
      this.getArgument("control"),
    );
    this.getArgument("none");
  });
  const answer = await ask("GET /?a=1&a=+%C3%A9+&empty=&control=a%00b");
  assert.match(answer, /^HTTP\/1.1 400 Bad Request/);
  assert.deepEqual(seen, ["é", " é ", "fallback", undefined, ["1", "é"], [], "", "a b"]);
  const error = new MissingArgumentError("none");
  assert.ok(error instanceof HTTPError);
  assert.deepEqual([error.statusCode, error.argName, error.logMessage], [400, "none", "Missing argument none"]);
});

test("arguments: of the query, of a form in the body, and of both", async (t) => {
  const seen: unknown[] = [];
  const { ask } = await handle(t, function () {
    seen.push(this.getArguments("a"), this.getArgument("a"));
    seen.push(this.getQueryArgument("a"), this.getQueryArguments("a"), this.getQueryArgument("b", "none"));
    seen.push(this.getBodyArgument("a"), this.getBodyArguments("b"), this.getBodyArgument("c", null));
    assert.throws(() => this.getBodyArgument("c"), MissingArgumentError);
    assert.throws(() => this.getQueryArgument("b"), MissingArgumentError);
    this.write(this.request.body);
  });
  const answer = await ask(`POST /?a=q\n${FORM}; charset=utf-8`, "a=b&b=1&b=2&__proto__=x");
  assert.equal(bodyOf(answer), "a=b&b=1&b=2&__proto__=x");
  assert.deepEqual(seen, [["q", "b"], "b", "q", ["q"], "none", "b", ["1", "2"], null]);
});

test("arguments: a multipart form, with its files", async (t) => {
  const seen: unknown[] = [];
  const { ask } = await handle(t, function () {
    const [file] = this.request.files["upload"]!;
    seen.push(this.getBodyArgument("title"), file!.filename, file!.contentType, file!.body.toString("latin1"));
  });
  const part = (head: string, body: string): string =>
    `--xyz\r\ncontent-disposition: form-data; ${head}\r\n\r\n${body}\r\n`;
  const form = `${part('name="title"', "hello")}${part('name="upload"; filename="a.bin"\r\ncontent-type: text/plain', "\x00\x7f")}--xyz--\r\n`;
  await ask("POST /\ncontent-type: multipart/form-data; boundary=xyz", form);
  assert.deepEqual(seen, ["hello", "a.bin", "text/plain", "\x00\x7f"]);
});

test("a malformed form, a compressed one, and a path that is not UTF-8 are 400", async (t) => {
  const { ask } = await handle(t, () => assert.fail("called"));
  assert.match(await ask("POST /\ncontent-type: multipart/form-data; boundary=xyz", "nothing"), /^HTTP\/1.1 400/);
  assert.match(await ask("POST /\ncontent-type: multipart/form-data", "nothing"), /^HTTP\/1.1 400/);
  assert.match(await ask(`POST /\n${FORM}\ncontent-encoding: gzip`, "a=b"), /^HTTP\/1.1 400/);
  const path = await serve(t, [
    [
      "/(.*)",
      class extends QuietHandler {
        get(): never {
          assert.fail("called");
        }
      },
    ],
  ]);
  assert.match(await path.ask("GET /%ff"), /^HTTP\/1.1 400/);
});

test("request: everything it says", async (t) => {
  const requests: HTTPServerRequest[] = [];
  const { ask, port } = await handle(t, function () {
    requests.push(this.request);
    assert.ok(this.request.requestTime() >= 0);
  });
  await ask("POST /?a=1?2\nx-a: b\ncookie: c=d", "body");
  const [request] = requests;
  const { method, uri, path, query, version, headers, remoteIp, protocol, host, cookies } = request!;
  assert.deepEqual(
    [method, uri, path, query, version, headers["x-a"], remoteIp, protocol, host, cookies["c"], String(request!.body)],
    ["POST", "/?a=1?2", "/", "a=1?2", "HTTP/1.1", "b", "127.0.0.1", "http", "a.example", "d", "body"],
  );
  assert.equal(request!.fullUrl(), "http://a.example/?a=1?2");
  assert.deepEqual({ ...request!.arguments }, { a: ["1?2"] });
  const time = request!.requestTime();
  await tick();
  assert.ok(time > 0 && time < 60);
  assert.equal(request!.requestTime(), time);
  assert.ok(port > 0);
});

test("cookies: read, set, cleared; the last one set of a name counts", async (t) => {
  const { ask } = await handle(t, function () {
    this.write(`${this.getCookie("a")} ${this.getCookie("none")} ${this.getCookie("none", "fallback")}`);
    this.setCookie("a", "first");
    this.setCookie("a", "second", { httpOnly: true, secure: true, sameSite: "Lax", maxAge: 60, domain: "a.example" });
    this.clearCookie("b", { path: "/b" });
  });
  const answer = await ask("GET /\ncookie: x=y; a=one");
  assert.equal(bodyOf(answer), "one undefined fallback");
  const cookies = answer.split("\r\n").filter((line) => line.startsWith("Set-Cookie: "));
  assert.equal(cookies.length, 2);
  assert.equal(
    cookies[0],
    "Set-Cookie: a=second; Domain=a.example; HttpOnly; Max-Age=60; Path=/; SameSite=Lax; Secure",
  );
  assert.match(cookies[1]!, /^Set-Cookie: b=; Expires=.* GMT; Path=\/b$/);
});

test("settings: the application's, and any of one's own", async (t) => {
  const { ask } = await handle(
    t,
    function () {
      this.write(String(this.settings["database"]));
      assert.equal(this.settings, this.application.settings);
    },
    { database: "db" },
  );
  assert.equal(bodyOf(await ask("GET /")), "db");
});

test("errors: an HTTPError gives its status, all else is 500; what was written is forgotten", async (t) => {
  const logged: unknown[] = [];
  class Handler extends RequestHandler {
    get(kind: string): void {
      this.write("half");
      this.setHeader("X-Gone", "1");
      if (kind === "404") throw new HTTPError(404);
      if (kind === "reason") throw new HTTPError(499, undefined, { reason: "Too <Bad" });
      if (kind === "words") throw new HTTPError(499, undefined, { reason: "Too & Bad" });
      if (kind === "undefined") throw undefined;
      throw new Error("secret");
    }
    override logException(error: unknown): void {
      logged.push(error);
    }
  }
  const { ask } = await serve(t, [["/(.*)", Handler]]);
  const page = (title: string): string => `<html><title>${title}</title><body>${title}</body></html>`;
  const answer = await ask("GET /404");
  assert.match(answer, /^HTTP\/1.1 404 Not Found\r\n/);
  assert.doesNotMatch(answer, /X-Gone|half/);
  assert.equal(bodyOf(answer), page("404: Not Found"));
  assert.equal(bodyOf(await ask("GET /error")), page("500: Internal Server Error"));
  assert.equal(bodyOf(await ask("GET /undefined")), page("500: Internal Server Error"));
  assert.equal(bodyOf(await ask("GET /reason")), page("499: Unknown"));
  assert.equal(bodyOf(await ask("GET /words")), page("499: Too &#38; Bad"));
  assert.equal(logged.length, 5);
});

test("errors: the client's own HTTPError, uncaught, is 500, as another server's answer is not ours", async (t) => {
  const { ask, port } = await handle(t, async () => {
    const { AsyncHTTPClient } = await import("node-opentracing/tornado");
    await new AsyncHTTPClient().fetch(`http://127.0.0.1:${port}/no-such`);
  });
  assert.match(await ask("GET /"), /^HTTP\/1.1 500/);
});

test("errors: writeError makes the page, async too, and is told why; sendError calls it", async (t) => {
  const seen: unknown[] = [];
  class Handler extends QuietHandler {
    get(kind: string): void {
      if (kind === "send") {
        this.write("half");
        void this.sendError(403, { reason: "Not You" });
        return;
      }
      if (kind === "broken") throw new HTTPError(400);
      throw new Error("why");
    }
    override async writeError(statusCode: number, options: WriteErrorOptions): Promise<void> {
      seen.push(statusCode, options.error instanceof Error ? options.error.message : options.reason);
      await tick();
      if (statusCode === 400) throw new Error("in writeError");
      this.write({ code: statusCode });
    }
  }
  const { ask } = await serve(t, [["/(.*)", Handler]]);
  assert.equal(bodyOf(await ask("GET /")), '{"code":500}');
  const sent = await ask("GET /send");
  assert.match(sent, /^HTTP\/1.1 403 Not You/);
  assert.equal(bodyOf(sent), '{"code":403}');
  assert.match(await ask("GET /broken"), /^HTTP\/1.1 400 Bad Request.*\r\n\r\n$/s);
  assert.deepEqual(seen, [500, "why", 403, "Not You", 400, "HTTP 400: Bad Request"]);
});

test("errors: where writeError fails the page is empty, and onFinish is called as ever", async (t) => {
  const finished: number[] = [];
  class Handler extends QuietHandler {
    get(status: string): void {
      throw new HTTPError(Number(status));
    }
    override writeError(statusCode: number): void {
      this.setHeader("Content-Length", 100);
      this.write(`${statusCode}`);
      throw new Error("in writeError");
    }
    override onFinish(): void {
      finished.push(this.getStatus());
    }
  }
  const { ask } = await serve(t, [["/(.*)", Handler]]);
  assert.match(await ask("GET /400"), /^HTTP\/1.1 400 .*\r\nContent-Length: 0\r\n.*\r\n\r\n$/s);
  const empty = await ask("GET /204");
  assert.match(empty, /^HTTP\/1.1 204 .*\r\n\r\n$/s);
  assert.doesNotMatch(empty, /content-type|content-length/i);
  assert.deepEqual(finished, [400, 204]);
});

test("errors: a status that cannot be sent is 500, however it is given; the first and the last that can", async (t) => {
  const { ask } = await handle(t, function () {
    const status = Number(this.getArgument("status"));
    const how = this.getArgument("how", "set");
    if (how === "throw") throw new HTTPError(status);
    if (how === "send") return this.sendError(status);
    return this.setStatus(status);
  });
  for (const how of ["set", "throw", "send"]) {
    for (const status of [99, 1000, 0, -1, 404.5, "x"]) {
      const answer = await ask(`GET /?how=${how}&status=${status}`);
      assert.match(answer, /^HTTP\/1.1 500 Internal Server Error\r\n.*500: Internal Server Error/s, `${how} ${status}`);
    }
    assert.match(await ask(`GET /?how=${how}&status=999`), /^HTTP\/1.1 999 Unknown\r\n/);
  }
  assert.match(await ask("GET /?status=100"), /^HTTP\/1.1 100 Continue\r\n/);
});

test("errors: serveTraceback shows the stack", async (t) => {
  const fail = (): never => {
    throw new Error("why");
  };
  const { ask } = await handle(t, fail, { serveTraceback: true });
  assert.match(await ask("GET /"), /content-type: text\/plain.*Error: why\n {4}at /is);
});

test("errors: in initialize, the constructor, prepare, onFinish and logException", async (t) => {
  const made = (place: string) =>
    class extends QuietHandler {
      constructor(...args: ConstructorParameters<typeof RequestHandler>) {
        super(...args);
        if (place === "constructor") throw new Error(place);
      }
      override initialize(): void {
        if (place === "initialize") throw new Error(place);
      }
      override prepare(): unknown {
        return place === "prepare" ? Promise.reject(new Error(place)) : undefined;
      }
      get(): void {
        this.write("fine");
        if (place === "logException") throw new Error(place);
      }
      override onFinish(): void {
        if (place === "onFinish") throw new Error(place);
      }
      override logException(): void {
        if (place === "logException") throw new Error("in logException");
      }
    };
  const { error: print } = console;
  const printed: unknown[] = [];
  console.error = (...args: unknown[]) => void printed.push(args[0]);
  t.after(() => {
    console.error = print;
  });
  for (const place of ["constructor", "initialize", "prepare", "logException"]) {
    const { ask } = await serve(t, [["/", made(place)]]);
    assert.match(await ask("GET /"), /^HTTP\/1.1 500/, place);
  }
  const { ask } = await serve(t, [["/", made("onFinish")]]);
  assert.equal(bodyOf(await ask("GET /")), "fine");
  // The first is of the constructor: there is no handler of the class that could log it.
  assert.deepEqual(printed, ["Uncaught exception GET / (127.0.0.1)\n", "Exception in logException\n"]);
});

test("errors: in onConnectionClose and in an async onFinish are logged, and end nothing else", async (t) => {
  let logged = (_error: unknown): void => {};
  const next = (): Promise<unknown> =>
    new Promise((resolve) => {
      logged = resolve;
    });
  class Handler extends RequestHandler {
    async get(kind: string): Promise<void> {
      this.write("one");
      await this.flush();
      if (kind === "left") await new Promise(() => {});
    }
    override async onFinish(): Promise<void> {
      await tick();
      throw new Error("onFinish");
    }
    override onConnectionClose(): void {
      throw new Error("onConnectionClose");
    }
    override logException(error: unknown): void {
      logged((error as Error).message);
    }
  }
  const { ask, connect } = await serve(t, [["/(.*)", Handler]]);
  const [first] = await Promise.all([next(), ask("GET /")]);
  assert.equal(first, "onFinish");
  const client = await connect();
  await client.send("GET /left HTTP/1.1\r\nhost: a\r\n\r\n").until("one");
  const second = next();
  client.leave();
  assert.equal(await second, "onConnectionClose");
});

test("logException: an HTTPError is logged only if it has a message for the log", async (t) => {
  const printed: unknown[] = [];
  const { error, warn } = console;
  t.after(() => Object.assign(console, { error, warn }));
  Object.assign(console, {
    error: (...args: unknown[]) => printed.push(args[0]),
    warn: (...args: unknown[]) => printed.push(args[0]),
  });
  class Handler extends RequestHandler {
    get(kind: string): void {
      if (kind === "1") throw new HTTPError(400);
      if (kind === "2") throw new HTTPError(400, "for the log");
      throw new Error("uncaught");
    }
  }
  const { ask } = await serve(t, [["/(.)", Handler]]);
  for (const kind of [1, 2, 3]) await ask(`GET /${kind}`);
  assert.deepEqual(printed, ["400 GET /2 (127.0.0.1): for the log", "Uncaught exception GET /3 (127.0.0.1)\n"]);
});

test("Finish ends a request as it stands", async (t) => {
  const { ask } = await handle(t, function () {
    this.setStatus(401);
    this.write("log ");
    throw new Finish("in");
  });
  const answer = await ask("GET /");
  assert.match(answer, /^HTTP\/1.1 401/);
  assert.equal(bodyOf(answer), "log in");
});

test("Etag: computed for a 200, answered with 304 where the client has it, or as computeEtag says", async (t) => {
  const { ask } = await handle(t, function () {
    this.write("hello");
  });
  const etag = `"${createHash("sha1").update("hello").digest("hex")}"`;
  assert.ok((await ask("GET /")).includes(`\r\nEtag: ${etag}\r\n`));
  for (const header of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
    const answer = await ask(`GET /\nif-none-match: ${header}`);
    assert.match(answer, /^HTTP\/1.1 304 Not Modified\r\n/);
    assert.doesNotMatch(answer, /content-type|hello/i);
  }
  assert.match(await ask('GET /\nif-none-match: "other"'), /^HTTP\/1.1 200/);
  assert.doesNotMatch(await ask("POST /"), /Etag/);
  class Plain extends QuietHandler {
    get(): void {}
    override computeEtag(): undefined {}
  }
  const plain = await serve(t, [["/", Plain]]);
  assert.doesNotMatch(await plain.ask("GET /"), /Etag/);
  const own = await handle(t, function () {
    this.setHeader("Etag", '"mine"');
    this.write("hello");
  });
  assert.match(await own.ask('GET /\nif-none-match: "mine"'), /^HTTP\/1.1 200 .*\r\nEtag: "mine"\r\n/s);
});

test("HEAD: the headers of GET and no body; 204 has none either, and refuses one", async (t) => {
  const { ask } = await handle(t, function () {
    const status = Number(this.getArgument("status", "200"));
    this.setStatus(status);
    if (this.getArgument("body", "yes") === "yes") this.write("hello");
  });
  assert.match(await ask("HEAD /"), /^HTTP\/1.1 200 .*\r\nContent-Length: 5\r\n.*\r\n\r\n$/s);
  const empty = await ask("GET /?status=204&body=no");
  assert.match(empty, /^HTTP\/1.1 204 No Content\r\n/);
  assert.doesNotMatch(empty, /content-type|content-length/i);
  assert.match(await ask("GET /?status=204"), /^HTTP\/1.1 500/);
});

test("Content-Length: a body of another length is 500, and after the headers the connection is closed", async (t) => {
  const logged: string[] = [];
  let finished = 0;
  class Handler extends RequestHandler {
    async get(how: string, length: string): Promise<void> {
      this.setHeader("Content-Length", length);
      this.write("abc");
      if (how === "flush") await this.flush();
      if (how !== "whole") this.write("def");
    }
    head(_how: string, length: string): void {
      this.setHeader("Content-Length", length);
    }
    override logException(error: unknown): void {
      logged.push((error as Error).message);
    }
    override onFinish(): void {
      finished++;
    }
  }
  const { ask, connect } = await serve(t, [["/([a-z]+)/([0-9a-z]+)", Handler]]);
  assert.equal(bodyOf(await ask("GET /whole/3")), "abc");
  assert.equal(bodyOf(await ask("GET /flush/6")), "abcdef");
  assert.match(await ask("HEAD /whole/9"), /^HTTP\/1.1 200 .*\r\nContent-Length: 9\r\n/s);
  assert.deepEqual(logged, []);
  for (const length of ["2", "4", "x"]) {
    assert.match(await ask(`GET /whole/${length}`), /^HTTP\/1.1 500 .*\r\nContent-Length: 93\r\n/s, length);
  }
  for (const length of ["5", "7"]) {
    const client = await connect();
    client.send(`GET /flush/${length} HTTP/1.1\r\nhost: a\r\n\r\nGET /whole/3 HTTP/1.1\r\nhost: a\r\n\r\n`);
    assert.match(await client.end(), /^HTTP\/1.1 200 .*\r\n\r\nabc$/s, length);
  }
  assert.match(await ask("GET /flush/2"), /^HTTP\/1.1 500 /);
  assert.deepEqual(logged, [
    ...["2", "4", "NaN"].map((length) => `${NOT_AS_LONG}: 3 bytes where there should be ${length}`),
    ...["2", "4"].map((length) => `${NOT_AS_LONG}: 3 bytes where there should be ${length}`),
    `${NOT_AS_LONG}: 3 bytes where there should be 2`,
  ]);
  assert.equal(finished, 11);
});

test("flush: pieces leave as they are flushed, and headers can be changed no more", async (t) => {
  let proceed = (): void => {};
  const gate = new Promise<void>((resolve) => {
    proceed = resolve;
  });
  const { connect } = await handle(t, async function () {
    this.setHeader("X-Early", "1");
    this.setCookie("a", "b");
    await this.flush();
    this.write("one");
    await this.flush();
    assert.throws(() => this.setHeader("X-Late", "1"), { code: "ERR_HTTP_HEADERS_SENT" });
    assert.throws(() => this.redirect("/"), /Cannot redirect after headers/);
    await gate;
    this.write({ two: 2 });
  });
  const client = await connect();
  const head = await client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n").until("one");
  assert.match(head, /X-Early: 1\r\n.*Set-Cookie: a=b; Path=\/\r\n.*transfer-encoding: chunked/is);
  proceed();
  assert.match(await client.until("0\r\n\r\n"), /\{"two":2\}\r\n0\r\n\r\n$/);
  client.leave();
});

test("flush: HEAD sends headers alone, an error after it ends the response", async (t) => {
  const { ask } = await handle(t, async function () {
    this.write("one");
    await this.flush();
    throw new Error("late");
  });
  assert.match(await ask("HEAD /"), /^HTTP\/1.1 200 .*\r\n\r\n$/s);
  assert.match(await ask("GET /"), /^HTTP\/1.1 200 .*\r\n\r\n3\r\none\r\n0\r\n\r\n$/s);
});

test("the client leaves: onConnectionClose, and flush rejects for those who wait, and only for them", async (t) => {
  const calls: string[] = [];
  let left = (): void => {};
  const closed = new Promise<void>((resolve) => {
    left = resolve;
  });
  class Handler extends QuietHandler {
    async get(): Promise<void> {
      this.write("one");
      await this.flush();
      await closed;
      this.write("two");
      void this.flush();
      await assert.rejects(this.flush(), StreamClosedError);
      await assert.rejects(this.finish("three"), StreamClosedError);
      calls.push("rejected");
      done();
    }
    override onConnectionClose(): void {
      calls.push("onConnectionClose");
      left();
    }
  }
  let done = (): void => {};
  const ended = new Promise<void>((resolve) => {
    done = resolve;
  });
  const { connect } = await serve(t, [["/", Handler]]);
  const client = await connect();
  await client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n").until("one");
  client.leave();
  await ended;
  assert.deepEqual(calls, ["onConnectionClose", "rejected"]);
});

test("bodies: the last size that is taken and the first that is not, with and without a length", async (t) => {
  const settings = { maxBodySize: 10 };
  const { ask, connect } = await handle(
    t,
    function () {
      this.write(String(this.request.body.length));
    },
    settings,
  );
  assert.equal(bodyOf(await ask("POST /", "0123456789")), "10");
  assert.match(await ask("POST /", "0123456789a"), /^HTTP\/1.1 413 .*\r\nConnection: close\r\n/is);
  const head = "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
  const chunked = await connect();
  await chunked.send(`${head}5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n`).until("\r\n\r\n10");
  chunked.leave();
  const over = await connect();
  over.send(`${head}5\r\n01234\r\n6\r\n56789a\r\n`);
  assert.match(await over.end(), /^HTTP\/1.1 413 .*Connection: close/is);
});

test("streamRequestBody: prepare before the body, dataReceived for each piece, then the method", async (t) => {
  const calls: string[] = [];
  let prepared = (): void => {};
  const begun = new Promise<void>((resolve) => {
    prepared = resolve;
  });
  @streamRequestBody
  class Handler extends QuietHandler {
    override prepare(): void {
      calls.push("prepare");
      prepared();
    }
    override async dataReceived(chunk: Buffer): Promise<void> {
      await tick();
      calls.push(chunk.toString());
    }
    post(): void {
      calls.push("post");
      this.write(String(this.request.body.length));
    }
  }
  class Inherited extends Handler {}
  const { connect, ask } = await serve(t, [["/", Inherited]], { maxBodySize: 4 });
  const client = await connect();
  client.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\n");
  await begun;
  await client.send("body").until("\r\n\r\n0");
  client.leave();
  assert.deepEqual(calls, ["prepare", "body", "post"]);
  assert.match(await ask("POST /", "longer"), /^HTTP\/1.1 413/);
});

test("streamRequestBody: a piece that dataReceived refuses is 500, and the connection's next request is served", async (t) => {
  @streamRequestBody
  class Handler extends QuietHandler {
    override dataReceived(): void {
      throw new Error("no room");
    }
    post(): never {
      assert.fail("called");
    }
    get(): void {
      this.write("next");
    }
  }
  const { connect } = await serve(t, [["/", Handler]]);
  const client = await connect();
  await client.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 200000\r\n\r\nfirst").until("500 Internal");
  await client.send(`${"x".repeat(199_995)}GET / HTTP/1.1\r\nhost: a\r\n\r\n`).until("next");
  client.leave();
});

for (const how of ["finish", "sendError"] as const) {
  test(`streamRequestBody: after ${how} in dataReceived neither further pieces nor the method are called`, async (t) => {
    const calls: string[] = [];
    @streamRequestBody
    class Handler extends QuietHandler {
      override async dataReceived(chunk: Buffer): Promise<void> {
        calls.push(chunk.toString());
        if (how === "finish") void this.finish("enough");
        else void this.sendError(403);
      }
      override async writeError(): Promise<void> {
        await tick();
        void this.finish("refused");
      }
      post(): void {
        calls.push("post");
      }
      get(): void {
        this.write("next");
      }
    }
    const { connect, ask } = await serve(t, [["/", Handler]]);
    const client = await connect();
    client.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 200000\r\n\r\nfirst");
    await client.until(how === "finish" ? "enough" : "refused");
    await client.send(`${"x".repeat(199_995)}GET / HTTP/1.1\r\nhost: a\r\n\r\n`).until("next");
    client.leave();
    assert.match(await ask("POST /", "whole"), how === "finish" ? /enough$/ : /refused$/);
    assert.deepEqual(calls, ["first", "whole"]);
  });
}

test("a constructor that throws after its super: onConnectionClose is not called on what was half made", async (t) => {
  const calls: string[] = [];
  let made = (): void => {};
  const begun = new Promise<void>((resolve) => {
    made = resolve;
  });
  class Handler extends QuietHandler {
    constructor(...args: ConstructorParameters<typeof RequestHandler>) {
      super(...args);
      made();
      throw new Error("half made");
    }
    override onConnectionClose(): void {
      calls.push("onConnectionClose");
    }
  }
  const { ask } = await serve(t, [["/", Handler]]);
  const { error } = console;
  console.error = () => {};
  t.after(() => {
    console.error = error;
  });
  assert.match(await ask("GET /"), /^HTTP\/1.1 500/);
  await begun;
  await tick();
  assert.deepEqual(calls, []);
});

test("pathArgs and pathKwargs are there in prepare, and may be changed for the method", async (t) => {
  class Handler extends QuietHandler {
    override prepare(): void {
      this.write({ args: this.pathArgs, kwargs: this.pathKwargs });
      this.pathArgs = this.pathArgs.map((text) => text?.toUpperCase());
      if ("id" in this.pathKwargs) this.pathKwargs = { id: "changed" };
    }
    get(...args: unknown[]): void {
      this.write(JSON.stringify(args));
    }
  }
  const { ask } = await serve(t, [
    ["/list/(a[^/]*)/(b)?", Handler],
    ["/named/(?<id>.)", Handler],
    ["/", Handler],
  ]);
  assert.equal(bodyOf(await ask("GET /list/a%20/")), '{"args":["a ",null],"kwargs":{}}["A ",null]');
  assert.equal(bodyOf(await ask("GET /named/7")), '{"args":[],"kwargs":{"id":"7"}}[{"id":"changed"}]');
  assert.equal(bodyOf(await ask("GET /")), '{"args":[],"kwargs":{}}[]');
});

test("a client that leaves while uploading: the method is not called", async (t) => {
  const calls: string[] = [];
  class Handler extends QuietHandler {
    override prepare(): void {
      calls.push("prepare");
    }
    override onConnectionClose(): void {
      calls.push("onConnectionClose");
    }
  }
  const { connect, server } = await serve(t, [["/", Handler]]);
  const begun = once(server, "request");
  const client = await connect();
  client.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nbo");
  const [, response] = await begun;
  const closed = once(response, "close");
  client.leave();
  await closed;
  await tick();
  assert.deepEqual(calls, ["onConnectionClose"]);
});

test("keep-alive and pipelining: requests of one connection are answered in order", async (t) => {
  class Handler extends QuietHandler {
    async get(turns: string): Promise<void> {
      for (let i = 0; i < Number(turns); i++) await tick();
      this.write(`answer ${turns}.`);
    }
  }
  class EchoHandler extends QuietHandler {
    post(): void {
      this.write(this.request.body);
    }
  }
  const { connect } = await serve(t, [
    ["/([0-9]+)", Handler],
    ["/", EchoHandler],
  ]);
  const client = await connect();
  const get = (turns: number): string => `GET /${turns} HTTP/1.1\r\nhost: a\r\n\r\n`;
  const answers = await client.send(get(5) + get(3) + get(1)).until("answer 1.");
  assert.match(answers, /answer 5\..*answer 3\..*answer 1\./s);
  const post = "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\n";
  await client.send(`${post}one.${post}two.`).until("two.");
  await client.send(get(2)).until("answer 2.");
  client.leave();
});

test("app.close waits for open requests, not for idle connections; listen tells of a port in use as Node does", async (t) => {
  let finish = (): void => {};
  const gate = new Promise<void>((resolve) => {
    finish = resolve;
  });
  class Handler extends QuietHandler {
    async get(): Promise<void> {
      this.write("one");
      await this.flush();
      await gate;
    }
  }
  const { app, connect, port } = await serve(t, [["/", Handler]]);
  const other = new Application().listen(port, "127.0.0.1");
  const [error] = await once(other, "error");
  assert.equal(error.code, "EADDRINUSE");
  const client = await connect();
  await client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n").until("one");
  let closed = false;
  const closing = app.close().then(() => {
    closed = true;
  });
  await tick();
  assert.equal(closed, false);
  finish();
  await client.end();
  await closing;
});

test("app.close answers what was sent before it", async (t) => {
  const { app, server, connect } = await serve(t, [["/", QuietHandler]]);
  const accepted = once(server, "connection");
  const client = await connect();
  client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
  await accepted;
  const closed = app.close();
  assert.match(await client.end(), /^HTTP\/1\.1 405 /);
  await closed;
});

test("app.close answers what has come on a kept connection, and ends it although its client has more", {
  timeout: 20_000,
}, async (t) => {
  let finish = (): void => {};
  class Handler extends QuietHandler {
    async get(): Promise<void> {
      if (this.request.path === "/wait") await new Promise<void>((resolve) => (finish = resolve));
      this.write(`served ${this.request.path};`);
    }
  }
  const { app, server, connect } = await serve(t, [["/.*", Handler]]);
  const client = await connect();
  const ask = (path: string): RawClient => client.send(`GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`);
  await ask("/first").until("served /first");
  ask("/wait"); // is not read yet
  const closed = app.close();
  while (server.listening) await tick();
  finish();
  await client.until("served /wait");
  assert.match(await ask("/more").end(), /\r\nConnection: close\r\n\r\nserved \/more;$/);
  await closed;
});

test("app.close does not wait for connections on which nothing ever came", { timeout: 20_000 }, async (t) => {
  class Handler extends QuietHandler {
    get(): void {
      this.write("served");
    }
  }
  const app = new Application([["/", Handler]]);
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const accepted = once(server, "connection");
  const silent = await RawClient.connect(port);
  t.after(() => silent.reset());
  await accepted;
  const used = await RawClient.connect(port);
  await used.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n").until("served");
  await app.close();
  assert.equal(await silent.end(), "");
  await used.end();
});

test("app.close right after listen, twice, and before any listen", async () => {
  const app = new Application();
  await app.close();
  const server = app.listen(0, "localhost");
  await Promise.all([app.close(), app.close()]);
  assert.equal(server.listening, false);
  const other = app.listen(0, "127.0.0.1");
  await once(other, "listening");
  other.close();
  await app.close();
  await app.close();
});

test("app.attach serves the requests of a server of one's own", async (t) => {
  class Handler extends QuietHandler {
    get(): void {
      this.write(`${this.request.protocol} ${this.request.fullUrl()}`);
    }
  }
  const server = new Application([["/", Handler]]).attach(https.createServer(CERTIFICATE));
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const [response] = await once(
    https.get({ port, host: "127.0.0.1", rejectUnauthorized: false, agent: false }),
    "response",
  );
  assert.equal((await response.toArray()).join(""), `https https://127.0.0.1:${port}/`);
});

test("defaultHandlerClass serves what no route matches", async (t) => {
  class Lost extends QuietHandler {
    override initialize({ words }: { words: string }): void {
      this.setStatus(404);
      this.write(words);
    }
    get(): void {}
  }
  const { ask } = await serve(t, [], { defaultHandlerClass: Lost, defaultHandlerArgs: { words: "lost" } });
  const answer = await ask("GET /x");
  assert.match(answer, /^HTTP\/1.1 404/);
  assert.equal(bodyOf(answer), "lost");
});
