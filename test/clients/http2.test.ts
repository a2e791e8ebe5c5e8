// Requests of node:http2 beyond the contract: how streams end, what the session says, and what is left alone.

import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import http2, { type ClientHttp2Session, type ClientHttp2Stream, connect, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import { test } from "node:test";
import { promisify } from "node:util";
import { AsyncScopeManager, MemoryReporter, Tracer } from "node-opentracing";
import { spanTree } from "node-opentracing/testing";
import { finishPendingSpans } from "#src/clients/exchange.js";
import { traceHttp2Client } from "#src/clients/http2.js";
import { HttpTracing } from "#src/http/http-tracing.js";
import { tagOf } from "#src/tags.js";

const { constants } = http2;

interface Play {
  readonly reporter: MemoryReporter;
  readonly tracing: HttpTracing;
  readonly session: ClientHttp2Session;
  readonly origin: string;
  /** The server's side of the newest connection. */
  socket(): Socket;
}

type Answer = (stream: ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => void;

/** A traced session to a server that answers so. */
async function play(answer: Answer, act: (play: Play) => Promise<void>, settings?: http2.ServerOptions): Promise<void> {
  const reporter = new MemoryReporter();
  const tracing = new HttpTracing(new Tracer({ reporter }), new AsyncScopeManager(), {});
  const server = http2.createServer({ ...settings });
  const sockets: Socket[] = [];
  server.on("connection", (socket) => sockets.push(socket));
  server.on("stream", (stream, headers) => {
    stream.on("error", () => {});
    answer(stream, headers);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const undo = traceHttp2Client(tracing);
  const session = http2.connect(origin);
  session.on("error", () => {});
  try {
    await act({ reporter, tracing, session, origin, socket: () => sockets.at(-1)! });
  } finally {
    undo();
    session.destroy();
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

/** Waits for a stream's end, whichever it is; its body is read. */
async function ended(stream: ClientHttp2Stream): Promise<void> {
  stream.on("error", () => {}).resume();
  if (!stream.destroyed || !stream.closed) await new Promise((resolve) => stream.on("close", resolve));
}

const never: Answer = () => {};
/** Waits for trailers after its body, so that closing it sends no end of the body along. */
const open: Answer = (stream) => {
  stream.respond({ ":status": 200 }, { waitForTrailers: true });
  stream.write("half");
};
const half: Answer = (stream) => {
  stream.respond({ ":status": 200 });
  stream.write("half");
};

/** Makes one GET, acts once it is under way (answered, with `half`), and compares the span with `tree`. */
function ends(
  name: string,
  answer: Answer,
  tree: string,
  act?: (stream: ClientHttp2Stream, play: Play) => unknown,
): void {
  test(name, () =>
    play(answer, async (scene) => {
      const stream = scene.session.request({ ":path": "/x" });
      const done = ended(stream);
      if (answer === half) await once(stream, "data");
      else if (act !== undefined && !stream.closed) await once(stream, "ready");
      await act?.(stream, scene);
      await done;
      await scene.reporter.waitFor(1);
      assert.equal(
        spanTree(scene.reporter.spans, { logs: true })
          .replace(/ message=.*| \[ERR_\w+\]/, "")
          .replace("code 11", "code NGHTTP2_ENHANCE_YOUR_CALM"),
        tree,
      );
    }),
  );
}

const log = (kind: string): string => `\n  - error error.kind=${kind}`;
const RESET = log("connection_reset");
const CUT = log("response_cut");

ends(
  "the server resets a stream before the headers",
  (stream) => stream.close(constants.NGHTTP2_INTERNAL_ERROR),
  "\nGET  client error=Error\n  - error error.object=Error: Stream closed with error code NGHTTP2_INTERNAL_ERROR",
);
ends(
  "the server refuses a stream",
  (stream) => stream.close(constants.NGHTTP2_REFUSED_STREAM),
  "\nGET  client error=Error\n  - error error.object=Error: Stream closed with error code NGHTTP2_REFUSED_STREAM",
);
ends(
  "the server cancels a stream before the headers",
  (stream) => stream.close(constants.NGHTTP2_CANCEL),
  `\nGET  client error=connection_reset${RESET}`,
);
ends(
  "the server closes a stream without an answer",
  (stream) => stream.close(),
  `\nGET  client error=connection_reset${RESET}`,
);
ends(
  "the server resets a stream after the headers",
  (stream) => {
    open(stream, {});
    setImmediate(() => stream.close(constants.NGHTTP2_INTERNAL_ERROR));
  },
  `\nGET  client 200 error=connection_reset${RESET}`,
);
ends(
  "the server cancels a stream after the headers",
  (stream) => {
    open(stream, {});
    setImmediate(() => stream.close(constants.NGHTTP2_CANCEL));
  },
  `\nGET  client 200 error=connection_reset${RESET}`,
);
ends(
  "the connection closes before the headers",
  never,
  `\nGET  client error=connection_reset${RESET}`,
  (_, { socket }) => socket().destroy(),
);
ends(
  "the connection closes after the headers",
  half,
  `\nGET  client 200 error=connection_reset${RESET}`,
  (_, { socket }) => socket().destroy(),
);
ends(
  "the connection is reset after the headers",
  half,
  `\nGET  client 200 error=connection_reset${RESET}`,
  (_, { socket }) => socket().resetAndDestroy(),
);
ends("this side cancels before the headers", never, `\nGET  client error=response_cut${CUT}`, (stream) =>
  stream.close(constants.NGHTTP2_CANCEL),
);
ends("this side destroys the stream before the headers", never, `\nGET  client error=response_cut${CUT}`, (stream) =>
  stream.destroy(),
);
ends("this side cancels after the headers", half, `\nGET  client 200 error=response_cut${CUT}`, (stream) =>
  stream.close(constants.NGHTTP2_CANCEL),
);
ends("this side resets after the headers", half, `\nGET  client 200 error=response_cut${CUT}`, (stream) =>
  stream.close(constants.NGHTTP2_INTERNAL_ERROR),
);
ends("this side destroys the stream after the headers", half, `\nGET  client 200 error=response_cut${CUT}`, (stream) =>
  stream.destroy(),
);
ends(
  "this side destroys the stream with an error",
  half,
  "\nGET  client 200 error=RangeError\n  - error error.object=RangeError: enough",
  (stream) => stream.destroy(new RangeError("enough")),
);
ends(
  "this side destroys the session after the headers",
  half,
  `\nGET  client 200 error=response_cut${CUT}`,
  (_, { session }) => session.destroy(),
);
ends(
  "the session fails after the headers",
  half,
  "\nGET  client 200 error=RangeError\n  - error error.object=RangeError: enough",
  (_, { session }) => session.destroy(new RangeError("enough")),
);
ends("a time-out that closes the stream", never, `\nGET  client error=response_cut${CUT}`, (stream) =>
  stream.setTimeout(5, () => stream.close(constants.NGHTTP2_CANCEL)),
);
ends(
  "a GOAWAY with an error before the headers",
  (stream) => stream.session!.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM),
  "\nGET  client error=Error\n  - error error.object=Error: Session closed with error code NGHTTP2_ENHANCE_YOUR_CALM",
);
ends(
  "a GOAWAY in good order lets the request end",
  (stream) => {
    stream.session!.goaway(constants.NGHTTP2_NO_ERROR);
    setTimeout(() => {
      stream.respond({ ":status": 200 });
      stream.end("whole");
    }, 5);
  },
  "\nGET  client 200",
);
ends(
  "early hints are no response",
  (stream) => {
    stream.additionalHeaders({ ":status": 103, link: "</a.css>" });
    stream.respond({ ":status": 204 }, { endStream: true });
  },
  "\nGET  client 204",
);
ends(
  "trailers belong to the response",
  (stream) => {
    stream.respond({ ":status": 200 }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.end("whole");
  },
  "\nGET  client 200",
);
ends(
  "what the server pushes has no span",
  (stream) => {
    stream.pushStream({ ":path": "/pushed" }, (_, pushed) => {
      pushed.on("error", () => {}).respond({ ":status": 200 });
      pushed.end("pushed");
    });
    stream.respond({ ":status": 200 });
    stream.end("whole");
  },
  "\nGET  client 200",
);

test("a request on a session that is gone fails as it does untraced", () =>
  play(never, async ({ session, reporter }) => {
    session.destroy();
    try {
      await once(session.request({}), "response"); // a stream that fails, from Node 24 on
      assert.fail();
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, "ERR_HTTP2_INVALID_SESSION");
    }
    await reporter.waitFor(1);
    assert.equal(spanTree(reporter.spans), "\nGET  client error=Error");
  }));

test("what Node refuses as headers it refuses still", () =>
  play(never, async ({ session, reporter }) => {
    assert.throws(() => session.request("text" as never), { code: "ERR_INVALID_ARG_TYPE" });
    assert.throws(() => session.request({ ":no": "such" }), { code: "ERR_HTTP2_INVALID_PSEUDOHEADER" });
    assert.equal(spanTree(reporter.spans), "\nGET  client error=TypeError".repeat(2));
  }));

test("a stand-in that answers no stream is answered as ever, and its span ends", () =>
  play(never, async ({ session, tracing, reporter }) => {
    const sessions = Object.getPrototypeOf(session) as { request: unknown };
    const { request } = sessions;
    for (const answer of [undefined, null, 5, {}]) {
      sessions.request = () => answer;
      const undo = traceHttp2Client(tracing);
      try {
        assert.equal(session.request({}), answer);
      } finally {
        undo();
        sessions.request = request;
      }
    }
    assert.equal(spanTree(reporter.spans), "\nGET  client".repeat(4));
  }));

test("a stand-in for connect takes and answers what it likes, and sessions of its making are traced", () =>
  play(
    (stream) => stream.respond({ ":status": 204 }, { endStream: true }),
    async ({ session, tracing, reporter, origin }) => {
      const module = http2 as { connect: unknown };
      const { connect } = module;
      const promising = async (): Promise<unknown> => session;
      for (const answer of [undefined, null, 5, {}, session]) {
        module.connect = Object.assign(() => answer, { [promisify.custom]: promising });
        const undo = traceHttp2Client(tracing);
        try {
          const standIn = module.connect as (authority?: unknown) => unknown;
          for (const authority of ["stock", undefined]) {
            assert.equal(standIn(authority), answer);
            assert.equal(await promisify(standIn as typeof http2.connect)(authority as never), session);
          }
        } finally {
          undo();
          module.connect = connect;
        }
      }
      await ended(session.request({}));
      await reporter.waitFor(1);
      assert.equal(tagOf(reporter.spans[0]!.tags, "http.url"), `${origin}/`);
    },
  ));

test("an error that nobody listens for is reported as it is untraced", () =>
  play(
    (stream) => stream.close(constants.NGHTTP2_INTERNAL_ERROR),
    async ({ session, reporter }) => {
      const stream = session.request({});
      const [error] = await new Promise<unknown[]>((resolve) => {
        stream.emit = function emit(this: ClientHttp2Stream, event: string | symbol, ...args: unknown[]): boolean {
          if (event === "error" && this.listenerCount("error") === 0) return resolve(args) as never;
          return Reflect.apply(EventEmitter.prototype.emit, this, [event, ...args]);
        } as never;
      });
      assert.equal((error as NodeJS.ErrnoException).code, "ERR_HTTP2_STREAM_ERROR");
      await reporter.waitFor(0);
    },
  ));

test("the context is sent in a copy of the headers, sensitive ones stay so", () => {
  let seen: http2.IncomingHttpHeaders = {};
  let resolved: string | undefined;
  return play(
    (stream, headers) => {
      seen = headers;
      stream.respond({ ":status": 204 }, { endStream: true });
    },
    async ({ session, reporter }) => {
      const given = Object.freeze({
        ":path": "/x",
        TraceParent: "mine",
        secret: "s",
        [http2.sensitiveHeaders]: ["secret"],
      });
      const stream = session.request(given);
      resolved = stream.sentHeaders["traceparent"] as string;
      await ended(stream);
      assert.equal(given.TraceParent, "mine");
      assert.match(resolved, /^00-/);
      assert.equal(seen["traceparent"], resolved);
      assert.deepEqual((seen as Record<symbol, unknown>)[http2.sensitiveHeaders], ["secret"]);
      await reporter.waitFor(1);
    },
  );
});

test("headers may be missing, or a flat list where Node takes one", () => {
  const seen: http2.IncomingHttpHeaders[] = [];
  return play(
    (stream, headers) => {
      seen.push(headers);
      stream.respond({ ":status": 204 }, { endStream: true });
    },
    async ({ session, reporter, origin }) => {
      await ended(session.request());
      const list = Object.freeze([":method", "HEAD", ":path", "/list", "x-own", "1", "x-own", "2"]);
      let taken = true;
      try {
        await ended(session.request(list as never));
      } catch {
        taken = false; // Node 20
      }
      await reporter.waitFor(2);
      assert.match(String(seen[0]!["traceparent"]), /^00-/);
      if (!taken) return;
      assert.match(String(seen[1]!["traceparent"]), /^00-/);
      assert.equal(seen[1]!["x-own"], "1, 2");
      assert.equal(
        spanTree(reporter.spans, { tags: ["http.url"] }),
        `\nGET  client 204 http.url=${origin}/\nHEAD  client 204 http.url=${origin}/list`,
      );
    },
  );
});

test("the URL follows the pseudo-header fields", () =>
  play(
    (stream) => stream.respond({ ":status": 204 }, { endStream: true }),
    async ({ session, reporter }) => {
      await ended(session.request({ ":authority": "a.example:80", ":scheme": "http", ":path": "/a?token=x" }));
      await ended(session.request({ host: "b.example", ":scheme": "https", ":path": "/b" }));
      await reporter.waitFor(2);
      assert.deepEqual(
        reporter.spans.map((span) => tagOf(span.tags, "http.url")),
        ["http://a.example/a?token=REDACTED", "https://b.example/b"],
      );
    },
  ));

test("the span of a tunnel ends with its handshake", () =>
  play(
    (stream) => half(stream, {}),
    async ({ session, reporter }) => {
      await once(session, "remoteSettings");
      session.request({ ":method": "CONNECT", ":authority": "db.example:5432" });
      session.request({ ":method": "CONNECT", ":protocol": "websocket", ":path": "/chat" });
      await reporter.waitFor(2);
      assert.equal(spanTree(reporter.spans), "\nCONNECT  client 200\nCONNECT  client 200");
      assert.equal(tagOf(reporter.spans[0]!.tags, "http.url"), "db.example:5432");
      assert.match(String(tagOf(reporter.spans[1]!.tags, "http.url")), /\/chat$/);
    },
    { settings: { enableConnectProtocol: true } },
  ));

test("an upload that goes on after the answer is no part of the span", () =>
  play(
    (stream) => {
      stream.respond({ ":status": 413 }, { endStream: true });
    },
    async ({ session, reporter }) => {
      const stream = session.request({ ":method": "POST" }, { endStream: false });
      stream
        .on("error", () => {})
        .resume()
        .write("a part");
      await reporter.waitFor(1);
      assert.equal(spanTree(reporter.spans), "\nPOST  client 413");
      stream.close();
    },
  ));

test("a stream that is listened to has all the time it needs, one that is not is given up", () =>
  play(
    (stream) => half(stream, {}),
    async ({ session, reporter }) => {
      const stream = session.request({});
      await once(stream, "response");
      finishPendingSpans();
      assert.equal(spanTree(reporter.spans), "\nGET  client 200");
      stream.close();
    },
  ));

test("named imports, promisified connects, and sessions from before are traced", () =>
  play(
    (stream) => stream.respond({ ":status": 204 }, { endStream: true }),
    async ({ reporter, origin, session }) => {
      const second = connect(origin);
      const third = (await promisify(connect)(origin)) as ClientHttp2Session;
      for (const one of [session, second, third]) {
        await ended(one.request({}));
        if (one !== session) one.close();
      }
      await reporter.waitFor(3);
      assert.equal(spanTree(reporter.spans), "\nGET  client 204".repeat(3));
      assert.deepEqual(
        reporter.spans.map((span) => tagOf(span.tags, "http.url")),
        Array(3).fill(`${origin}/`),
      );
    },
  ));

test("two tracings make one span, and both are taken back", async () => {
  const before = [http2.connect, connect.name, connect.length];
  await play(
    (stream) => stream.respond({ ":status": 204 }, { endStream: true }),
    async ({ reporter, session }) => {
      const other = new MemoryReporter();
      const undo = traceHttp2Client(new HttpTracing(new Tracer({ reporter: other }), new AsyncScopeManager(), {}));
      await ended(session.request({}));
      await other.waitFor(1);
      undo();
      await ended(session.request({}));
      await reporter.waitFor(1);
      assert.deepEqual([other.spans.length, reporter.spans.length], [1, 1]);
    },
  );
  assert.deepEqual([http2.connect, connect.name, connect.length], before);
});
