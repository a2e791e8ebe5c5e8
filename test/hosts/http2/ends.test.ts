// How streams of node:http2 servers end, and what is recorded of it.

import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import http2, { type ClientHttp2Stream, type ServerHttp2Stream } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { spanTree } from "node-opentracing/testing";
import { get, type Play, play, read, requests, streams } from "./play.js";

const { constants } = http2;

/** How a request ends for the server, by requests and by streams alike. `half`: once a part of the body was sent. */
function ends(
  name: string,
  expected: string,
  act: (play: Play, stream: ClientHttp2Stream, server: Served) => unknown,
): void {
  for (const [api, isHalf] of [
    ["requests", false],
    ["requests", true],
    ["streams", false],
    ["streams", true],
  ] as const) {
    test(`end: ${name}, by ${api}, ${isHalf ? "after" : "before"} the headers`, () => {
      let served!: Served;
      const prepare =
        api === "requests"
          ? requests((request, response) => {
              served = { stream: request.stream, destroy: (error) => response.destroy(error) };
              if (isHalf) response.write("half");
            })
          : streams((stream) => {
              served = { stream, destroy: (error) => stream.destroy(error) };
              if (!isHalf) return;
              stream.respond({ ":status": 200 });
              stream.write("half");
            });
      return play(prepare, async (scene) => {
        const begun = once(scene.server, "stream");
        const stream = scene.session.request({ ":path": "/x" });
        stream.on("error", () => {});
        await begun;
        if (isHalf) await once(stream, "data");
        else await once(scene.session, "localSettings");
        await act(scene, stream, served);
        await scene.reporter.waitFor(1);
        assert.equal(spanTree(scene.reporter.spans), `\nGET  server ${isHalf ? "200 " : ""}error=${expected}`);
      });
    });
  }
}

interface Served {
  readonly stream: ServerHttp2Stream;
  destroy(error?: Error): void;
}

ends("the client cancels", "client_disconnect", (_, stream) => stream.close(constants.NGHTTP2_CANCEL));
ends("the client resets the stream", "client_disconnect", (_, stream) =>
  stream.close(constants.NGHTTP2_INTERNAL_ERROR),
);
ends("the client closes the connection", "client_disconnect", ({ socket }) => socket.end());
ends("the client leaves with a GOAWAY", "client_disconnect", ({ session }) => session.destroy());
ends("the client gives up with an error", "client_disconnect", ({ session }) =>
  session.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM),
);
ends("the connection is reset", "connection_reset", ({ socket }) => socket.resetAndDestroy());
ends("the application destroys it", "response_cut", (_, __, server) => server.destroy());
ends("the application destroys it with an error", "response_cut", (_, __, server) => server.destroy(new Error("no")));
ends("the application closes the stream", "response_cut", (_, __, { stream }) =>
  stream.close(constants.NGHTTP2_INTERNAL_ERROR),
);
ends("the application destroys the session", "server_closed", (_, __, { stream }) => stream.session!.destroy());
ends("the application destroys the session with a code", "server_closed", (_, __, { stream }) =>
  stream.session!.destroy(constants.NGHTTP2_INTERNAL_ERROR as never),
);

test("end: a file is cut when the client cancels", async () => {
  const file = join(tmpdir(), `node-opentracing-${process.pid}.bin`);
  await writeFile(file, Buffer.alloc(8_000_000));
  await play(
    streams((stream) => stream.respondWithFile(file)),
    async ({ session, reporter }) => {
      const stream = session.request({});
      await once(stream, "response");
      stream.close(constants.NGHTTP2_CANCEL);
      await reporter.waitFor(1);
      assert.equal(spanTree(reporter.spans), "\nGET  server 200 error=client_disconnect");
    },
  );
});

test("end: a large response is cut when the client cancels, though the application has ended it", () =>
  play(
    requests((_, response) => response.end(Buffer.alloc(8_000_000))),
    async ({ session, reporter }) => {
      const stream = session.request({});
      await once(stream, "response");
      stream.close(constants.NGHTTP2_CANCEL);
      await reporter.waitFor(1);
      assert.equal(spanTree(reporter.spans), "\nGET  server 200 error=client_disconnect");
    },
  ));

test("end: an answer before the upload is whole is no failure", () =>
  play(
    requests((_, response) => void response.writeHead(413).end("too much")),
    async ({ session, reporter }) => {
      const stream = session.request({ ":method": "POST" }, { endStream: false });
      stream.write("a part");
      assert.equal(await read(stream), "too much");
      await reporter.waitFor(1);
      assert.equal(spanTree(reporter.spans), "\nPOST  server 413");
    },
  ));

test("end: server.close() lets requests end", () =>
  play(
    requests((_, response) => void setTimeout(() => response.end("late"), 10)),
    async ({ server, session, reporter }) => {
      const answer = get(session, {});
      await once(server, "request");
      server.close();
      assert.equal(await answer, "late");
      await reporter.waitFor(1);
      assert.equal(spanTree(reporter.spans), "\nGET  server 200");
    },
  ));

test("a handler that is called, and decorated, when its stream is closed gets a span that has ended", async () => {
  let handled!: Promise<unknown>;
  const prepare: Parameters<typeof play>[0] = (server, tracing) =>
    streams((stream, headers) => {
      const handler = tracing.trace()(async (..._args: [ServerHttp2Stream, http2.IncomingHttpHeaders]) => {});
      handled = once(stream, "close").then(() => handler(stream, headers));
    })(server);
  await play(
    prepare,
    async ({ server, session, reporter }) => {
      const begun = once(server, "stream");
      const stream = session.request({ ":path": "/x" });
      stream.on("error", () => {});
      await begun;
      stream.close(constants.NGHTTP2_CANCEL);
      await reporter.waitFor(1);
      await handled;
      assert.equal(spanTree(reporter.spans), "\nGET  server error=client_disconnect");
    },
    { trace: () => () => {} },
  );
});
