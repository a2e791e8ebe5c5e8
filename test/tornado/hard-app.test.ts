// A deliberately hard application: early ends, errors in every place, streams, aborts; each with its span tree written out.

import assert from "node:assert/strict";
import { test } from "node:test";
import { spanTree } from "node-opentracing/testing";
import { HTTPError, type Route, streamRequestBody } from "node-opentracing/tornado";
import { memory, patched, QuietHandler, serve, tick } from "./scene.js";

const { tracing, reporter } = memory();

/** The end of a request that a test waits for. */
let begun = (): void => {};

class BaseHandler extends QuietHandler {
  override async prepare(): Promise<void> {
    await tracing.startActiveSpan("authenticate", tick);
    if (this.request.headers["authorization"] === "none") throw new HTTPError(401);
    if (this.request.headers["authorization"] === "later") this.redirect("/login");
    if (this.request.headers["authorization"] === "broken") throw new TypeError("no database");
  }
}

class OrderHandler extends BaseHandler {
  async get(org: string, order: string): Promise<void> {
    const found = await tracing.startActiveSpan("load order", async (span) => {
      span.setTag("order", `${org}/${order}`);
      await tick();
      return { org, order };
    });
    this.write(found);
  }
  head(org: string, order: string): Promise<void> {
    return this.get(org, order);
  }
  options(): void {
    this.setStatus(204);
    this.setHeader("Allow", "GET, HEAD, OPTIONS");
  }
}

class ExportHandler extends BaseHandler {
  async get({ format }: { format: string }): Promise<void> {
    for (const piece of ["one ", "two "]) {
      this.write(piece);
      await this.flush();
      await tracing.startActiveSpan("next page", tick);
    }
    if (format === "broken") throw new RangeError("page three");
    if (format === "endless") {
      begun();
      await new Promise(() => {});
    }
    this.write("three");
  }
}

@streamRequestBody
class UploadHandler extends BaseHandler {
  length = 0;
  override async dataReceived(chunk: Buffer): Promise<void> {
    this.length += await tracing.startActiveSpan("store", async () => chunk.length);
    begun();
  }
  post(): void {
    this.write(String(this.length));
  }
}

const ROUTES: Route[] = [
  ["/orgs/([^/]+)/orders/([0-9]+)", OrderHandler],
  ["/export\\.(?<format>[a-z]+)", ExportHandler],
  ["/upload", UploadHandler],
];

/** Serves, does something, and compares the spans of that. */
async function spans(
  t: Parameters<typeof patched>[0],
  count: number,
  act: (scene: Awaited<ReturnType<typeof serve>>) => Promise<unknown>,
  expected: string,
): Promise<void> {
  patched(t);
  reporter.clear();
  const scene = await serve(t, ROUTES, { opentracingTracing: tracing });
  await act(scene);
  await reporter.waitFor(count);
  assert.equal(spanTree(reporter.spans, { tags: ["order"] }), expected);
}

/** Resolves when a handler says so. */
const started = (): Promise<void> =>
  new Promise((resolve) => {
    begun = resolve;
  });

test("groups in the path, and children of what they are started in", (t) =>
  spans(
    t,
    3,
    async ({ ask }) => assert.match(await ask("GET /orgs/a%20b/orders/7?x=1"), /\{"org":"a b","order":"7"\}$/),
    "\nOrderHandler  server 200\n  authenticate\n  load order  order=a b/7",
  ));

test("HEAD and OPTIONS", (t) =>
  spans(
    t,
    5,
    async ({ ask }) => {
      assert.match(await ask("HEAD /orgs/a/orders/7"), /Content-Length: 23\r\n.*\r\n\r\n$/s);
      assert.match(await ask("OPTIONS /orgs/a/orders/7"), /^HTTP\/1.1 204 .*Allow: GET, HEAD, OPTIONS/s);
    },
    `
OrderHandler  server 200
  authenticate
  load order  order=a/7
OrderHandler  server 204
  authenticate`,
  ));

test("prepare ends the request: refused, redirected, broken", (t) =>
  spans(
    t,
    6,
    async ({ ask }) => {
      for (const kind of ["none", "later", "broken"]) await ask(`GET /orgs/a/orders/7\nauthorization: ${kind}`);
    },
    `
OrderHandler  server 401
  authenticate
OrderHandler  server 302
  authenticate
OrderHandler  server 500 error=TypeError
  authenticate`,
  ));

test("404, a method that the class lacks, and one that nobody knows", (t) =>
  spans(
    t,
    5,
    async ({ ask }) => {
      assert.match(await ask("GET /orgs/a/orders/x"), /^HTTP\/1.1 404/);
      assert.match(await ask("DELETE /orgs/a/orders/7"), /^HTTP\/1.1 405/);
      assert.match(await ask("PROPFIND /orgs/a/orders/7"), /^HTTP\/1.1 405/);
      assert.match(await ask("POST /no-such", "body"), /^HTTP\/1.1 404/);
    },
    `
ErrorHandler  server 404
OrderHandler  server 405
  authenticate
OrderHandler  server 405
ErrorHandler  server 404`,
  ));

test("a stream: whole, broken after two pieces, left by the client", (t) =>
  spans(
    t,
    12,
    async ({ ask, connect }) => {
      assert.match(await ask("GET /export.csv"), /three/);
      assert.match(await ask("GET /export.broken"), /^HTTP\/1.1 200 .*two/s);
      const client = await connect();
      const reached = started();
      client.send("GET /export.endless HTTP/1.1\r\nhost: a\r\n\r\n");
      await reached;
      client.leave();
    },
    `
ExportHandler  server 200
  authenticate
  next page
  next page
ExportHandler  server 200 error=RangeError
  authenticate
  next page
  next page
ExportHandler  server 200 error=client_disconnect
  authenticate
  next page
  next page`,
  ));

test("an upload: whole, and aborted half-way by an end and by a reset", (t) =>
  spans(
    t,
    9,
    async ({ ask, connect }) => {
      assert.match(await ask("POST /upload", "whole"), /\r\n\r\n5$/);
      for (const end of ["leave", "reset"] as const) {
        const client = await connect();
        const reached = started();
        client.send("POST /upload HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nhalf");
        await reached;
        client[end]();
        await reporter.waitFor(end === "leave" ? 6 : 9);
      }
    },
    `
UploadHandler  server 200
  authenticate
  store
UploadHandler  server error=request_aborted
  authenticate
  store
UploadHandler  server error=connection_reset
  authenticate
  store`,
  ));

test("keep-alive and pipelining: one trace a request, in order", (t) =>
  spans(
    t,
    9,
    async ({ connect }) => {
      const client = await connect();
      const get = (order: number): string => `GET /orgs/a/orders/${order} HTTP/1.1\r\nhost: a\r\n\r\n`;
      await client.send(get(1)).until('"1"}');
      await client.send(get(2) + get(3)).until('"3"}');
      client.leave();
    },
    [1, 2, 3].map((order) => `\nOrderHandler  server 200\n  authenticate\n  load order  order=a/${order}`).join(""),
  ));

test("a body that is too large, and a form that is none", (t) =>
  spans(
    t,
    2,
    async ({ ask, connect }) => {
      const client = await connect();
      client.send("POST /orgs/a/orders/7 HTTP/1.1\r\nhost: a\r\ncontent-length: 999999999\r\n\r\n");
      assert.match(await client.end(), /^HTTP\/1.1 413/);
      assert.match(await ask("POST /orgs/a/orders/7\ncontent-type: multipart/form-data", "x"), /^HTTP\/1.1 400/);
    },
    "\nOrderHandler  server 413\nOrderHandler  server 400",
  ));
