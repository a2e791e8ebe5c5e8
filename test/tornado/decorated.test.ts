// The scenarios of the original's tests of decorated handlers.

import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { spanTree } from "node-opentracing/testing";
import { AsyncHTTPClient, Finish, HTTPError, initClientTracing, RequestHandler } from "node-opentracing/tornado";
import { memory, patched, QuietHandler, serve, serverTags, tagsOf, tick } from "./scene.js";

test("decorated: a handler without a decorator is not traced", async (t) => {
  const { tracing, reporter } = memory();
  class MainHandler extends QuietHandler {
    get(): void {
      assert.equal(tracing.getSpan(this.request), undefined);
      this.write("{}");
    }
  }
  const { ask } = await serve(t, [["/", MainHandler]], { opentracingTracing: tracing });
  assert.match(await ask("GET /"), /^HTTP\/1.1 200/);
  assert.equal(reporter.spans.length, 0);
});

test("decorated: simple, with attributes, no initTracing and no setting", async (t) => {
  const { tracing, reporter } = memory({ startSpanCb: (span) => void span.setTag("callback", true) });
  class DecoratedHandler extends QuietHandler {
    @tracing.trace("protocol", "doesntexist")
    get(): void {
      assert.equal(tracing.getSpan(this.request), tracing.activeSpan());
      assert.ok(tracing.activeSpan() !== undefined);
      this.write("{}");
    }
  }
  const { ask } = await serve(t, [["/decorated", DecoratedHandler]], { opentracingTracedAttributes: ["version"] });
  assert.match(await ask("GET /decorated"), /^HTTP\/1.1 200/);
  await reporter.waitFor(1);
  assert.equal(reporter.spans[0]!.operationName, "DecoratedHandler");
  assert.deepEqual(tagsOf(reporter.spans[0]!), serverTags("/decorated", 200, { protocol: "http", callback: true }));
});

test("decorated: by a decorator of TypeScript's older kind, with a list of attributes", async (t) => {
  const { tracing, reporter } = memory();
  class DecoratedHandler extends QuietHandler {
    post(id: string): void {
      this.write(id);
    }
  }
  // What the compiler emits with experimentalDecorators.
  const descriptor = Object.getOwnPropertyDescriptor(DecoratedHandler.prototype, "post")!;
  tracing.trace(["protocol", "method"])(DecoratedHandler.prototype, "post", descriptor);
  Object.defineProperty(DecoratedHandler.prototype, "post", descriptor);
  const { ask } = await serve(t, [["/([0-9]+)", DecoratedHandler]]);
  assert.match(await ask("POST /7"), /\r\n\r\n7$/);
  await reporter.waitFor(1);
  assert.equal(
    spanTree(reporter.spans, { tags: ["protocol", "method"] }),
    "\nDecoratedHandler  server 200 protocol=http method=POST",
  );
});

for (const kind of ["sync", "coroutine"] as const) {
  test(`decorated: ${kind} error, recorded once and thrown on`, async (t) => {
    const { tracing, reporter } = memory();
    const logged: unknown[] = [];
    class DecoratedErrorHandler extends RequestHandler {
      @tracing.trace()
      get(): Promise<void> | undefined {
        if (kind === "sync") throw new RangeError("invalid value");
        return tick().then(() => {
          throw new RangeError("invalid value");
        });
      }
      override logException(error: unknown): void {
        logged.push(error);
      }
    }
    const { ask } = await serve(t, [["/", DecoratedErrorHandler]]);
    assert.match(await ask("GET /"), /^HTTP\/1.1 500/);
    await reporter.waitFor(1);
    assert.deepEqual(tagsOf(reporter.spans[0]!), serverTags("/", 500, { error: true }));
    assert.deepEqual(
      reporter.spans[0]!.logs.map(({ fields }) => fields["error.object"]),
      logged,
    );
    assert.equal(logged.length, 1);
  });
}

test("decorated: coroutine, its status and its attributes", async (t) => {
  const { tracing, reporter } = memory();
  class DecoratedCoroutineHandler extends QuietHandler {
    @tracing.trace("protocol", "doesntexist")
    async get(): Promise<void> {
      await tick();
      this.setStatus(201);
      this.write("{}");
    }
  }
  const { ask } = await serve(t, [["/", DecoratedCoroutineHandler]]);
  assert.match(await ask("GET /"), /^HTTP\/1.1 201 Created/);
  await reporter.waitFor(1);
  assert.equal(reporter.spans[0]!.operationName, "DecoratedCoroutineHandler");
  assert.deepEqual(tagsOf(reporter.spans[0]!), serverTags("/", 201, { protocol: "http" }));
});

test("decorated: coroutine scope, the request's span active before and after a child", async (t) => {
  const { tracing, reporter } = memory();
  class DecoratedCoroutineScopeHandler extends QuietHandler {
    async doSomething(): Promise<void> {
      await tracing.startActiveSpan("Child", async (span) => {
        span.setTag("start", 0);
        await tick();
        tracing.activeSpan()!.setTag("end", 1);
      });
    }
    @tracing.trace()
    async get(): Promise<void> {
      const span = tracing.getSpan(this.request);
      assert.equal(tracing.activeSpan(), span);
      await this.doSomething();
      assert.equal(tracing.activeSpan(), span);
      this.setStatus(201);
    }
  }
  const { ask } = await serve(t, [["/", DecoratedCoroutineScopeHandler]]);
  assert.match(await ask("GET /"), /^HTTP\/1.1 201/);
  await reporter.waitFor(2);
  assert.equal(
    spanTree(reporter.spans, { tags: ["start", "end"] }),
    "\nDecoratedCoroutineScopeHandler  server 201\n  Child  start=0 end=1",
  );
});

test("decorated: with trace all a request gets one span, with the attributes of both", async (t) => {
  patched(t);
  const { tracing, reporter } = memory();
  class DecoratedHandler extends QuietHandler {
    @tracing.trace("protocol")
    async get(): Promise<void> {
      await tick();
      throw new Error("one");
    }
  }
  const settings = { opentracingTracing: tracing, opentracingTracedAttributes: ["version"] };
  const { ask } = await serve(t, [["/", DecoratedHandler]], settings);
  await ask("GET /");
  await reporter.waitFor(1);
  assert.equal(
    spanTree(reporter.spans, { tags: ["version", "protocol"], logs: true }),
    "\nDecoratedHandler  server 500 error=Error version=HTTP/1.1 protocol=http\n  - error error.object=Error: one",
  );
});

test("decorated: client and server joined", async (t) => {
  const { tracing, reporter } = memory();
  class DecoratedHandler extends QuietHandler {
    @tracing.trace("protocol") get(): void {
      this.write("{}");
    }
  }
  const { port } = await serve(t, [["/decorated", DecoratedHandler]]);
  initClientTracing(tracing);
  const url = `http://127.0.0.1:${port}/decorated`;
  const { code } = await new AsyncHTTPClient().fetch(url);
  await tracing.close();
  assert.equal(code, 200);
  await reporter.waitFor(2);
  assert.equal(
    spanTree(reporter.spans, { tags: ["http.url"] }),
    `\nGET  client 200 http.url=${url}\n  DecoratedHandler  server 200 http.url=/decorated`,
  );
  const server = reporter.spans.find((span) => span.operationName === "DecoratedHandler");
  assert.deepEqual(tagsOf(server!), serverTags("/decorated", 200, { protocol: "http" }));
});

test("decorated: put and delete; an HTTPError below 500 is no error, one of 500 to 599 is, thrown at once or later", async (t) => {
  const { tracing, reporter } = memory();
  class DecoratedHandler extends QuietHandler {
    @tracing.trace("method") put(code: string): void {
      throw new HTTPError(Number(code));
    }
    @tracing.trace("method") async delete(code: string): Promise<void> {
      await tick();
      throw new HTTPError(Number(code));
    }
  }
  const { ask } = await serve(t, [["/([0-9]+)", DecoratedHandler]]);
  const expected: string[] = [];
  for (const method of ["PUT", "DELETE"]) {
    for (const code of [403, 499, 500, 599]) {
      assert.match(await ask(`${method} /${code}`), new RegExp(`^HTTP/1.1 ${code} `));
      await reporter.waitFor(expected.length + 1);
      const failed = code < 500 ? "" : " error=HTTPError";
      const log = code < 500 ? "" : `\n  - error error.object=${new HTTPError(code)}`;
      expected.push(`\nDecoratedHandler  server ${code}${failed} method=${method}${log}`);
    }
  }
  assert.equal(spanTree(reporter.spans, { tags: ["method"], logs: true }), expected.join(""));
});

test("decorated: Finish is no error, thrown at once or later, with trace all and without", async (t) => {
  const { tracing, reporter } = memory();
  class DecoratedHandler extends QuietHandler {
    @tracing.trace() get(): void {
      throw new Finish();
    }
    @tracing.trace() async post(): Promise<void> {
      await tick();
      throw new Finish();
    }
  }
  const { ask } = await serve(t, [["/", DecoratedHandler]], { opentracingTracing: tracing });
  for (const method of ["GET", "POST"]) assert.match(await ask(`${method} /`), /^HTTP\/1.1 200/);
  patched(t);
  for (const method of ["GET", "POST"]) assert.match(await ask(`${method} /`), /^HTTP\/1.1 200/);
  await reporter.waitFor(4);
  assert.equal(spanTree(reporter.spans, { logs: true }), "\nDecoratedHandler  server 200".repeat(4));
});

test("decorated: a request that the filter leaves alone is served untraced", async (t) => {
  const { tracing, reporter } = memory({ filter: ({ path }) => path !== "/health" });
  class DecoratedHandler extends QuietHandler {
    @tracing.trace() get(): void {
      this.write(String(tracing.getSpan(this) === undefined));
    }
  }
  const { ask } = await serve(t, [["/.*", DecoratedHandler]]);
  assert.match(await ask("GET /health"), /true$/);
  assert.match(await ask("GET /other"), /false$/);
  await reporter.waitFor(1);
  assert.equal(spanTree(reporter.spans, { tags: ["http.url"] }), "\nDecoratedHandler  server 200 http.url=/other");
});

test("getSpan of nothing is undefined", () => {
  const { tracing } = memory();
  for (const nothing of [undefined, null]) assert.equal(tracing.getSpan(nothing as never), undefined);
});

test("decorated: a method that begins after the client has left ends there and then", async (t) => {
  const { tracing, reporter } = memory();
  let begun = (): void => {};
  const started = new Promise<void>((resolve) => {
    begun = resolve;
  });
  class DecoratedHandler extends QuietHandler {
    override async prepare(): Promise<void> {
      begun();
      await once(this.request.res, "close");
    }
    @tracing.trace() async get(): Promise<void> {
      await new Promise(() => {});
    }
  }
  const { connect } = await serve(t, [["/", DecoratedHandler]]);
  const client = await connect();
  client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
  await started;
  client.leave();
  await reporter.waitFor(1);
  assert.equal(spanTree(reporter.spans), "\nDecoratedHandler  server error=client_disconnect");
});

test("decorated: the span lasts until the method has settled, though it finished the response long before", async (t) => {
  const { tracing, reporter } = memory();
  let settle = (): void => {};
  const work = new Promise<void>((resolve) => {
    settle = resolve;
  });
  class DecoratedHandler extends QuietHandler {
    @tracing.trace() async get(): Promise<void> {
      void this.finish("early");
      await work;
    }
  }
  const { ask } = await serve(t, [["/", DecoratedHandler]]);
  assert.match(await ask("GET /"), /early$/);
  await tick();
  assert.equal(reporter.spans.length, 0);
  settle();
  await reporter.waitFor(1);
  assert.equal(spanTree(reporter.spans), "\nDecoratedHandler  server 200");
});

test("decorated: a function that is no method of a handler is traced as by any Tracing", async () => {
  const { tracing, reporter } = memory();
  const add = tracing.trace()(async function add(a: number, b: number) {
    return a + b;
  });
  assert.equal(await tracing.startActiveSpan("job", () => add(1, 2)), 3);
  assert.equal(spanTree(reporter.spans), "\njob\n  add");
});

test("decorated: wrong attributes are refused", () => {
  const { tracing } = memory();
  assert.throws(() => tracing.trace(5 as unknown as string), /takes names of request properties, not 5/);
});
