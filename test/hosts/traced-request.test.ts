// What frameworks tell of a request: its route becomes the span's name, its errors count by the answer that left.

import assert from "node:assert/strict";
import { once } from "node:events";
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { MemoryReporter, Tracer, Tracing, type TracingOptions } from "node-opentracing";
import { RawClient, spanTree } from "node-opentracing/testing";
import { type Tracer as AnyTracer, MockTracer, Tracer as OpenTracingTracer } from "opentracing";
import { beginRequest, traceServer } from "#src/hosts/servers.js";
import { failRequest, setRoute } from "#src/hosts/traced-request.js";

const ROUTED = { component: "framework", route: "/orders/:id" };
const TAGS = { tags: ["component", "http.route"] };

type Listener = (request: IncomingMessage, response: ServerResponse, tracing: Tracing) => void;

/** The spans of one GET to a server with this listener. */
async function traced(
  t: TestContext,
  listener: Listener,
  { options, tracer, plugged = false }: { options?: TracingOptions; tracer?: AnyTracer; plugged?: boolean } = {},
): Promise<MemoryReporter> {
  const reporter = new MemoryReporter();
  const tracing = new Tracing(tracer ?? new Tracer({ reporter }), options);
  const server = http.createServer((request, response) => {
    if (plugged) beginRequest(tracing.http, request, response);
    listener(request, response, tracing);
  });
  if (!plugged) traceServer(server, tracing);
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const client = await RawClient.connect((server.address() as AddressInfo).port);
  await client.send("GET /orders/7 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").end();
  if (tracer === undefined) await reporter.waitFor(1);
  return reporter;
}

test("the span is named after method and route, and component is the framework's", async (t) => {
  const { spans } = await traced(t, (request, response) => {
    setRoute(request, ROUTED);
    request.method = "PATCH"; // as method-override does
    response.end();
  });
  assert.equal(spanTree(spans, TAGS), "\nGET /orders/:id  server 200 component=framework http.route=/orders/:id");
});

test("the last route counts, and none is a name by the method", async (t) => {
  const { spans } = await traced(t, (request, response) => {
    setRoute(request, ROUTED);
    setRoute(request, { component: "framework", route: undefined });
    response.end();
  });
  assert.equal(spanTree(spans, TAGS), "\nGET  server 200 component=framework");
});

const NAMED: [how: string, options: TracingOptions, listener: Listener, name: string][] = [
  ["operationName", { operationName: () => "GET" }, () => {}, "GET"],
  ["startSpanCb", { startSpanCb: (span) => void span.setOperationName("mine") }, () => {}, "mine"],
  ["setOperationName", {}, (request, _, tracing) => void tracing.getSpan(request)!.setOperationName("mine"), "mine"],
];
for (const [how, options, listener, name] of NAMED) {
  test(`a name that was given by ${how} is kept`, async (t) => {
    const { spans } = await traced(
      t,
      (request, response, tracing) => {
        setRoute(request, ROUTED);
        listener(request, response, tracing);
        response.end();
      },
      { options },
    );
    assert.equal(spanTree(spans, TAGS), `\n${name}  server 200 component=framework http.route=/orders/:id`);
  });
}

test("names are kept with a tracer that tells them by a method, and with one that tells none", async (t) => {
  for (const rename of [false, true]) {
    const mock = new MockTracer();
    mock.extract = () => null as never;
    const names: string[] = [];
    const mute = new OpenTracingTracer();
    mute.startSpan = (name) => {
      names.push(name);
      return silent(names);
    };
    for (const tracer of [mock, mute]) {
      await traced(
        t,
        (request, response, tracing) => {
          setRoute(request, ROUTED);
          if (rename) tracing.getSpan(request)!.setOperationName("mine");
          response.end();
        },
        { tracer },
      );
    }
    const expected = rename ? "mine" : "GET /orders/:id";
    assert.equal((mock.report().spans[0] as unknown as { operationName(): string }).operationName(), expected);
    assert.equal(names.at(-1), expected);
  }
});

/** A span that does not tell its name. */
function silent(names: string[]): never {
  return {
    context: () => ({}),
    setTag() {},
    addTags() {},
    log() {},
    finish() {},
    setOperationName: (name: string) => void names.push(name),
  } as never;
}

const FAILED: [what: string, listener: Listener, expected: string][] = [
  ["answered with 500: it counts", answering(500), "500 error=Error"],
  ["turned into a 404: it is none", answering(404), "404"],
  ["turned into a 200: it is none", answering(200), "200"],
  [
    "after the headers: it counts",
    (request, response) => {
      response.write("one");
      failRequest(request, new Error("broken"));
      response.end();
    },
    "200 error=Error",
  ],
  [
    "and no answer: it counts",
    (request) => {
      failRequest(request, new Error("broken"));
      request.destroy();
    },
    "error=Error",
  ],
  [
    "the client's fault, and then another: the other counts",
    (request, response) => {
      failRequest(request, Object.assign(new Error("client"), { status: 400 }));
      failRequest(request, new TypeError("broken"));
      failRequest(request, new Error("a consequence"));
      response.writeHead(500).end();
    },
    "500 error=TypeError",
  ],
  [
    "with an upstream's status, answered with 500: it counts",
    (request, response) => {
      failRequest(request, Object.assign(new RangeError("upstream"), { status: 404 }));
      failRequest(request, Object.assign(new Error("a consequence"), { status: 400 }));
      response.writeHead(500).end();
    },
    "500 error=RangeError",
  ],
  [
    "with an upstream's status, and then another that is answered with 404: neither counts",
    (request, response) => {
      failRequest(request, Object.assign(new RangeError("upstream"), { status: 404 }));
      failRequest(request, new Error("broken"));
      response.writeHead(404).end();
    },
    "404",
  ],
  [
    "with an upstream's status, after the headers of a 500: it counts",
    (request, response) => {
      response.writeHead(500).write("one");
      failRequest(request, Object.assign(new RangeError("upstream"), { status: 404 }));
      response.end();
    },
    "500 error=RangeError",
  ],
  [
    "the client's fault, after the headers of a 200: it is none",
    (request, response) => {
      response.write("one");
      failRequest(request, Object.assign(new Error("client"), { status: 400 }));
      response.end();
    },
    "200",
  ],
  [
    "the client's fault, and no answer: it is none",
    (request) => {
      failRequest(request, Object.assign(new Error("client"), { status: 400 }));
      request.destroy();
    },
    "error=response_cut",
  ],
  [
    "undefined was thrown: it counts",
    (request, response) => {
      failRequest(request, undefined);
      response.writeHead(500).end();
    },
    "500 error",
  ],
];
for (const [what, listener, expected] of FAILED) {
  test(`an error ${what}`, async (t) => {
    const { spans } = await traced(t, listener);
    assert.equal(spanTree(spans), `\nGET  server ${expected}`);
    assert.equal(spans[0]!.logs.filter(({ fields }) => fields["error.object"] !== undefined).length <= 1, true);
  });
}

function answering(status: number): Listener {
  return (request, response) => {
    failRequest(request, new Error("broken"));
    response.writeHead(status).end();
  };
}

test("what is told of an untraced request has no effect", () => {
  const request = {};
  setRoute(request, ROUTED);
  setRoute(Object.freeze({}), ROUTED);
  failRequest(request, new Error("broken"));
});

test("beginRequest starts the span of a request that no patched server has shown, once, and sees how it ends", async (t) => {
  const { spans } = await traced(
    t,
    (request, response, tracing) => {
      const span = tracing.getSpan(request);
      assert.equal(beginRequest(tracing.http, request, response), span);
      setRoute(request, ROUTED);
      response.end();
    },
    { plugged: true },
  );
  assert.equal(spanTree(spans, TAGS), "\nGET /orders/:id  server 200 component=framework http.route=/orders/:id");

  const closed = await traced(
    t,
    (request) => (request.socket as unknown as { server: http.Server }).server.closeAllConnections(),
    { plugged: true },
  );
  assert.equal(spanTree(closed.spans), "\nGET  server error=server_closed");
});

test("a request object of somebody's own making, over a response that is known, begins no second span", async (t) => {
  const { spans } = await traced(
    t,
    (request, response, tracing) => {
      const own = { method: "GET", url: request.url, headers: {}, socket: request.socket } as IncomingMessage;
      assert.equal(beginRequest(tracing.http, own, response), tracing.getSpan(request));
      setRoute(own, ROUTED);
      response.end();
    },
    { plugged: true },
  );
  assert.equal(spanTree(spans, TAGS), "\nGET /orders/:id  server 200 component=framework http.route=/orders/:id");
});

test("beginRequest leaves alone what the tracing does not trace", async (t) => {
  for (const options of [{ traceAll: false }, { filter: () => false }]) {
    const seen: unknown[] = [];
    await traced(
      t,
      (request, response, tracing) => {
        seen.push(beginRequest(tracing.http, request, response), tracing.getSpan(request));
        response.end();
      },
      { options, plugged: true, tracer: new Tracer({ reporter: new MemoryReporter() }) },
    );
    assert.deepEqual(seen, [undefined, undefined]);
  }
});

test("getSpan finds the span by the objects of frameworks", async (t) => {
  const found: boolean[] = [];
  await traced(t, (request, response, tracing) => {
    const span = tracing.getSpan(request);
    const wrappers = [
      { raw: request },
      { raw: response },
      { raw: { req: request, res: response } },
      { req: request, res: response },
      { env: { incoming: request, outgoing: response } },
    ];
    found.push(...wrappers.map((wrapper) => span !== undefined && tracing.getSpan(wrapper) === span));
    response.end();
  });
  assert.deepEqual(found, [true, true, true, true, true]);
  const tracing = new Tracing();
  const hostile = new Proxy({}, { get: () => assert.fail("looked at") });
  for (const other of [hostile, {}, { raw: null }, 1, undefined])
    assert.equal(tracing.getSpan(other as never), undefined);
});
