// tracing.trace(): decorated handlers in all their forms.

import assert from "node:assert/strict";
import { once } from "node:events";
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { runInNewContext } from "node:vm";
import { MemoryReporter, Tracer, Tracing, type TracingOptions } from "node-opentracing";
import { RawClient, spanTree } from "node-opentracing/testing";
import { traceServers } from "#src/hosts/servers.js";
import { failRequest } from "#src/hosts/traced-request.js";

const GET = "GET /a HTTP/1.1\r\nhost: a\r\nuser-agent: me\r\n\r\n";

function kit(options: TracingOptions = {}) {
  const reporter = new MemoryReporter();
  return { reporter, tracing: new Tracing(new Tracer({ reporter }), options) };
}

async function serve(t: TestContext, listener: (request: IncomingMessage, response: ServerResponse) => unknown) {
  const server = http.createServer(listener as http.RequestListener);
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return RawClient.connect((server.address() as AddressInfo).port);
}

test("decorated handler 1: a method, by a standard decorator", async (t) => {
  const { tracing, reporter } = kit();
  class Orders {
    readonly body = "hello";
    @tracing.trace("method", "headers.user-agent")
    get(request: IncomingMessage, response: ServerResponse): string {
      assert.equal(tracing.activeSpan(), tracing.getSpan(request));
      response.end(this.body);
      return this.body;
    }
  }
  const orders = new Orders();
  assert.deepEqual([orders.get.name, orders.get.length], ["get", 2]);
  const client = await serve(t, (request, response) => assert.equal(orders.get(request, response), "hello"));
  await client.send(GET).until("hello");
  await reporter.waitFor(1);
  assert.equal(
    spanTree(reporter.spans, { tags: ["method", "headers.user-agent"] }),
    "\nGET  server 200 method=GET headers.user-agent=me",
  );
});

test("decorated handler 1: a method, by a decorator of TypeScript's older kind", async (t) => {
  const { tracing, reporter } = kit();
  class Orders {
    readonly body = "hello";
    get(_request: IncomingMessage, response: ServerResponse): void {
      response.end(this.body);
    }
  }
  // What the compiler emits with experimentalDecorators.
  const descriptor = Object.getOwnPropertyDescriptor(Orders.prototype, "get")!;
  tracing.trace(["method"])(Orders.prototype, "get", descriptor);
  Object.defineProperty(Orders.prototype, "get", descriptor);
  const orders = new Orders();
  const client = await serve(t, (request, response) => orders.get(request, response));
  await client.send(GET).until("hello");
  await reporter.waitFor(1);
  assert.equal(spanTree(reporter.spans, { tags: ["method"] }), "\nGET  server 200 method=GET");
});

test("decorated handler 1: listeners of a request's body, which comes later, run in its span", async (t) => {
  const { tracing, reporter } = kit();
  let returned = (): void => {};
  const isServed = new Promise<void>((resolve) => {
    returned = resolve;
  });
  const handler = tracing.trace()((request: IncomingMessage, response: ServerResponse): void => {
    request.on("data", () => tracing.startActiveSpan("piece", () => {}));
    request.on("end", () => response.end("hello"));
    setImmediate(returned);
  });
  const client = await serve(t, handler);
  client.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\n");
  await isServed;
  await client.send("body").until("hello");
  await reporter.waitFor(2);
  assert.equal(spanTree(reporter.spans), "\nPOST  server 200\n  piece");
});

test("decorated handler 2: the span lasts until the handler has settled and the response is closed", async (t) => {
  const { tracing, reporter } = kit();
  let settle = (): void => {};
  const work = new Promise<void>((resolve) => {
    settle = resolve;
  });
  let closed: Promise<unknown> | undefined;
  const client = await serve(
    t,
    tracing.trace()(async (_request: IncomingMessage, response: ServerResponse) => {
      closed = once(response, "close");
      response.end("hello");
      await work;
    }),
  );
  await client.send(GET).until("hello");
  await closed;
  assert.equal(reporter.spans.length, 0);
  settle();
  await reporter.waitFor(1);
  assert.equal(spanTree(reporter.spans), "\nGET  server 200");
});

test("decorated handler 2: if the client leaves, the span ends then, whatever the handler goes on to do", async (t) => {
  const { tracing, reporter } = kit();
  let begun = (): void => {};
  const started = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const client = await serve(
    t,
    tracing.trace()(async () => {
      begun();
      await new Promise(() => {});
    }),
  );
  client.send(GET);
  await started;
  client.leave();
  await reporter.waitFor(1);
  assert.equal(spanTree(reporter.spans), "\nGET  server error=client_disconnect");
});

test("decorated handler 2: called when the client has left already, the span ends there and then", async (t) => {
  const { tracing, reporter } = kit();
  const served: unknown[] = [];
  const handler = tracing.trace()(async (request: IncomingMessage, _response: ServerResponse) => served.push(request));
  const client = await serve(t, async (request, response) => {
    client.leave();
    await once(response, "close");
    await handler(request, response);
  });
  client.send(GET);
  await reporter.waitFor(1);
  assert.equal(spanTree(reporter.spans), "\nGET  server error=client_disconnect");
  assert.equal(served.length, 1);
});

test("decorated handler 2: called when a response that waits behind another is lost, the span ends too", async (t) => {
  const { tracing, reporter } = kit();
  const handler = tracing.trace()(async (_request: IncomingMessage, _response: ServerResponse) => {});
  const client = await serve(t, async (request, response) => {
    if (request.url === "/first") return;
    client.leave();
    await once(request.socket, "close");
    await handler(request, response);
  });
  client.send("GET /first HTTP/1.1\r\nhost: a\r\n\r\nGET /second HTTP/1.1\r\nhost: a\r\n\r\n");
  await reporter.waitFor(1);
  assert.equal(spanTree(reporter.spans), "\nGET  server error=client_disconnect");
});

test("decorated handler 2: its error counts as any of a request: once, and not where the answer is below 500", async (t) => {
  for (const [status, tree] of [
    [404, "\nGET  server 404"],
    [500, "\nGET  server 500 error=Error\n  - error error.object=Error: refused"],
  ] as const) {
    const { tracing, reporter } = kit();
    const handler = tracing.trace()(async (_request: IncomingMessage, _response: ServerResponse) => {
      throw new Error("refused");
    });
    const client = await serve(t, async (request, response) => {
      await handler(request, response).catch((cause: unknown) => {
        failRequest(request, new Error("as a framework has it", { cause }));
        response.writeHead(status).end("sorry");
      });
    });
    await client.send(GET).until("sorry");
    await reporter.waitFor(1);
    assert.equal(spanTree(reporter.spans, { logs: true }), tree);
  }
});

test("decorated handler 2: errors are recorded and thrown on, the same; 400 to 499 are none", async () => {
  const { tracing, reporter } = kit();
  const request = { method: "GET", url: "/", headers: {}, socket: {} };
  const failures = [Object.assign(new Error("a"), { status: 400 }), Object.assign(new Error("b"), { statusCode: 499 })];
  for (const error of [
    ...failures,
    Object.assign(new Error("c"), { status: 500 }),
    Object.assign(new Error("d"), { status: 399 }),
    new TypeError("e"),
  ]) {
    const fail = (): never => {
      throw error;
    };
    assert.throws(
      () => tracing.trace()((_request: unknown) => fail())({ ...request }),
      (thrown) => thrown === error,
    );
    await assert.rejects(
      tracing.trace()(async (_request: unknown) => fail())({ ...request }),
      (thrown) => thrown === error,
    );
  }
  const twice = (end: string): string => `\nGET  server${end}`.repeat(2);
  assert.equal(
    spanTree(reporter.spans),
    twice("") + twice("") + twice(" error=Error") + twice(" error=Error") + twice(" error=TypeError"),
  );
});

test("decorated handler 2: a rejection that nobody handles is unhandled once, as without tracing", async (t) => {
  const { tracing } = kit();
  const seen: unknown[] = [];
  const listeners = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection");
  const listener = (error: unknown): void => void seen.push(error);
  process.on("unhandledRejection", listener);
  t.after(() => {
    process.off("unhandledRejection", listener);
    for (const one of listeners) process.on("unhandledRejection", one);
  });
  const error = new Error("nobody");
  void tracing.trace()(async () => {
    throw error;
  })();
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(seen, [error]);
});

test("decorated handler 2: what has a then but is no promise is returned as it is, and not called", () => {
  const { tracing, reporter } = kit();
  let called = false;
  const lazy = {
    // biome-ignore lint/suspicious/noThenProperty: a query builder's way to start
    then() {
      called = true;
    },
  };
  assert.equal(tracing.trace()(() => lazy)(), lazy);
  assert.equal(called, false);
  assert.equal(reporter.spans.length, 1);
});

test("decorated handler 2: promises of a class of their own are as they would be without us", async () => {
  const { tracing, reporter } = kit();
  class Lazy<T> extends Promise<T> {
    static started = 0;
    // biome-ignore lint/suspicious/noThenProperty: a query that starts when it is awaited
    override then: Promise<T>["then"] = (...args) => {
      Lazy.started++;
      return super.then(...args);
    };
  }
  class Sealed extends Promise<number> {
    constructor() {
      super((resolve) => resolve(3));
    }
  }
  const lazy = new Lazy(() => {});
  assert.equal(tracing.trace()(() => lazy)(), lazy);
  assert.equal(Lazy.started, 0);
  const sealed = new Sealed();
  assert.equal(tracing.trace()(() => sealed)(), sealed);
  const laidOn = tracing.trace()(() => Object.assign(Promise.resolve(1), { child: 2 }))();
  assert.deepEqual([laidOn.child, await laidOn], [2, 1]);
  const foreign: Promise<number> = runInNewContext("Promise.resolve(4)");
  const followed = tracing.trace()(() => foreign)();
  assert.equal(reporter.spans.length, 3);
  assert.deepEqual([await followed, reporter.spans.length], [4, 4]);
});

test("decorated handler 3: nested decorations share one span, and an error on its way out is logged once", async () => {
  const { tracing, reporter } = kit();
  const inner = tracing.trace("method")(async (_request: object) => {
    throw new Error("inner");
  });
  const outer = tracing.trace("url")((request: object) => inner(request));
  await assert.rejects(outer({ method: "GET", url: "/a", headers: {}, socket: {} }));
  assert.equal(
    spanTree(reporter.spans, { logs: true, tags: ["method", "url"] }),
    "\nGET  server error=Error method=GET url=/a\n  - error error.object=Error: inner",
  );
});

test("a function without a request is a span of its own name, a child of what is active", async () => {
  const { tracing, reporter } = kit();
  const add = tracing.trace()(async function add(a: number, b: number) {
    return a + b;
  });
  assert.deepEqual([add.name, add.length], ["add", 2]);
  await tracing.startActiveSpan("job", async () => assert.equal(await add(1, 2), 3));
  assert.equal(spanTree(reporter.spans), "\njob\n  add");
});

test("a filter leaves a decorated handler alone", () => {
  const { tracing, reporter } = kit({ filter: () => false });
  const handler = tracing.trace()((_request: object) => tracing.activeSpan());
  assert.equal(handler({ method: "GET", url: "/", headers: {} }), undefined);
  assert.equal(reporter.spans.length, 0);
});

test("a framework's own request over Node's response is of the request that is traced already", async (t) => {
  const { tracing, reporter } = kit();
  t.after(traceServers(tracing.http));
  const handler = tracing.trace("user")(async (own: object, response: ServerResponse) => {
    assert.equal(tracing.getSpan(own as IncomingMessage), tracing.getSpan(response.req));
    tracing.startActiveSpan("child", () => {});
    response.end("hello");
  });
  const client = await serve(t, ({ method, url, headers }, response) =>
    handler({ method, url, headers, user: "me" }, response),
  );
  await client.send(GET).until("hello");
  await reporter.waitFor(2);
  assert.equal(spanTree(reporter.spans, { tags: ["user"] }), "\nGET  server 200 user=me\n  child");
});

test("a frozen request, and one that throws when it is looked at, are passed on", () => {
  const { tracing } = kit();
  const hostile = new Proxy({}, { get: () => assert.fail("looked at") });
  assert.equal(tracing.trace()((request: object) => request)(hostile), hostile);
  const frozen = Object.freeze({ method: "GET", url: "/", headers: {} });
  assert.equal(tracing.trace()((request: object) => request)(frozen), frozen);
});

test("wrong attributes are refused at once, with what to write instead", () => {
  const { tracing } = kit();
  const trace = tracing.trace as unknown as (...names: unknown[]) => (...args: unknown[]) => unknown;
  for (const wrong of [[5], [""], [["a", 5]], [["a"], "b"], [null]]) {
    assert.throws(() => trace.call(tracing, ...wrong), /write tracing\.trace\("method", "headers\.user-agent"\)/);
  }
  assert.throws(() => trace.call(tracing, () => {}), /write tracing\.trace\(\)\(handler\)/);
  assert.throws(() => trace.call(tracing, "method")(5), /write server\.on\("request", tracing\.trace\(\)\(handler\)\)/);
  assert.throws(() => trace.call(tracing, "method")(class {}, { kind: "class" }), /not a class/);
  // As TypeScript's older dialect calls it.
  assert.throws(() => trace.call(tracing, "method")(class {}), /not a class; write .* in front of a method/);
  const { classify } = { classify() {} };
  assert.doesNotThrow(() => trace.call(tracing)(classify), "whose source begins with class");
});

test("what stands for a request may have its headers in any case", async () => {
  const { tracing, reporter } = kit();
  const handler = tracing.trace()((_event: object) => "done");
  const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
  handler({ method: "GET", headers: { Host: "a", TraceParent: `00-${traceId}-00f067aa0ba902b7-01` } });
  handler({ method: "GET", headers: { host: "a", traceparent: `00-${traceId}-00f067aa0ba902b7-01` } });
  assert.deepEqual(
    reporter.spans.map(({ context }) => context.traceId0),
    [0x4bf92f35, 0x4bf92f35],
  );
});
