// Where listeners of an HTTP/2 request with a body, and of its response, run: in the request's span, by requests and by streams.

import assert from "node:assert/strict";
import { once } from "node:events";
import type http2 from "node:http2";
import type { Readable, Writable } from "node:stream";
import { test } from "node:test";
import type { Tracing } from "node-opentracing";
import { spanTree } from "node-opentracing/testing";
import { type Play, play, read, requests, streams } from "./play.js";

/** Asks with a body that is sent when the handler has returned. */
async function upload({ server, session }: Play): Promise<string> {
  const begun = once(server, server.listenerCount("request") > 0 ? "request" : "stream");
  const stream = session.request({ ":method": "POST" }, { endStream: false });
  await begun;
  setImmediate(() => stream.end("body"));
  return read(stream);
}

type Marked = (name: string) => () => void;
const marks =
  (tracing: Tracing): Marked =>
  (name) =>
  () =>
    tracing.startActiveSpan(name, () => {});

function answerAtEnd(tracing: Tracing, incoming: Readable, outgoing: Writable): void {
  const mark = marks(tracing);
  incoming.on("data", mark("piece"));
  incoming.on("end", async () => {
    await null;
    mark("whole")();
    outgoing.end("hello");
  });
  outgoing.on("close", mark("closed"));
}

const byRequests = (tracing: Tracing) => requests((request, response) => answerAtEnd(tracing, request, response));
const byStreams = (tracing: Tracing) => streams((stream) => answerAtEnd(tracing, stream, stream));

for (const [api, listener] of [
  ["requests", byRequests],
  ["streams", byStreams],
] as const) {
  test(`by ${api}: what listeners for a body's pieces, its end and the response's close start are children of the request's span`, () =>
    play(
      (server, tracing) => listener(tracing)(server),
      async (scene) => {
        assert.equal(await upload(scene), "hello");
        await scene.reporter.waitFor(4);
        assert.equal(
          spanTree(scene.reporter.spans),
          `
POST  server 200
  piece
  whole
  closed`,
        );
      },
    ));
}

test("by tracing.trace() alone, they run in the span that it made", () =>
  play(
    (server, tracing) =>
      void server.on(
        "request",
        tracing.trace()((request: http2.Http2ServerRequest, response: http2.Http2ServerResponse) => {
          request.on("data", marks(tracing)("piece")).on("end", () => response.end("hello"));
        }),
      ),
    async (scene) => {
      assert.equal(await upload(scene), "hello");
      await scene.reporter.waitFor(2);
      assert.equal(spanTree(scene.reporter.spans), "\nPOST  server 200\n  piece");
    },
    { trace: () => () => {} },
  ));

test("a request without a body is left as it is, and one that is not traced has no active span in its listeners", async () => {
  const seen: unknown[] = [];
  await play(
    (server, tracing) =>
      requests((request, response) => {
        for (const one of [request, response, request.stream]) seen.push(Object.hasOwn(one, "emit"));
        request.on("data", () => seen.push(tracing.activeSpan()));
        request.on("end", () => response.end("hello"));
        request.resume();
      })(server),
    async (scene) => {
      assert.equal(await read(scene.session.request({})), "hello");
      await scene.reporter.waitFor(1);
      assert.equal(await upload(scene), "hello");
      assert.equal(scene.reporter.spans.length, 1);
    },
    { options: { filter: ({ method }) => method === "GET" } },
  );
  assert.deepEqual(seen, [false, false, false, false, false, false, undefined]);
});
