// The scenarios of the original's tests of traced requests, and what goes beyond them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { diagnostics, initTracing as initAll, MemoryReporter, Tracer } from "node-opentracing";
import { spanTree } from "node-opentracing/testing";
import {
  type ApplicationSettings,
  Finish,
  HTTPError,
  type HTTPServerRequest,
  type Route,
  TornadoScopeManager,
  TornadoTracing,
} from "node-opentracing/tornado";
import {
  globalTracer,
  initGlobalTracer,
  Tracer as NoopTracer,
  type Tracer as OpenTracingTracer,
  type Span,
} from "opentracing";
import { memory, patched, QuietHandler, serve, serverTags, tagsOf, tick } from "./scene.js";

class MainHandler extends QuietHandler {
  get(): void {
    this.write("{}");
  }
}

class ErrorHandler extends QuietHandler {
  get(): void {
    throw new TypeError("invalid input");
  }
}

class ScopeHandler extends QuietHandler {
  get tracing(): TornadoTracing {
    return this.settings.opentracingTracing as TornadoTracing;
  }

  async doSomething(): Promise<void> {
    await this.tracing.startActiveSpan("Child", async () => {
      this.tracing.activeSpan()!.setTag("start", 0);
      await tick();
      this.tracing.activeSpan()!.setTag("end", 1);
    });
  }

  async get(): Promise<void> {
    const span = this.tracing.getSpan(this.request);
    assert.ok(span !== undefined);
    assert.equal(this.tracing.getSpan(this), span);
    assert.equal(this.tracing.activeSpan(), span);
    await this.doSomething();
    assert.equal(this.tracing.activeSpan(), span);
    this.write("{}");
  }
}

const ROUTES: Route[] = [
  ["/", MainHandler],
  ["/error", ErrorHandler],
  ["/coroutine_scope", ScopeHandler],
];

test("values: tracer", () => {
  const { tracer, tracing } = memory();
  assert.equal(tracing.tracer, tracer);
});

test("values: without a tracer it is the global one, looked up at each use", (t) => {
  t.after(() => initGlobalTracer(new NoopTracer()));
  const tracing = new TornadoTracing();
  assert.equal(tracing.tracer, globalTracer());
  const { tracer, reporter } = memory();
  initGlobalTracer(tracer);
  tracing.startActiveSpan("work", () => {});
  assert.equal(spanTree(reporter.spans), "\nwork");
});

test("values: invalid callbacks are refused, by the object and by the application", () => {
  const wrong = [] as unknown as () => void;
  assert.throws(() => new TornadoTracing(undefined, { startSpanCb: wrong }), {
    name: "TypeError",
    message: "new TornadoTracing(tracer, options): startSpanCb must be a function, not an array",
  });
  return assert.rejects(async () => serve({ after() {} } as never, ROUTES, { opentracingStartSpanCb: wrong }), {
    name: "TypeError",
    message: "new Application(routes, settings): opentracingStartSpanCb must be a function, not an array",
  });
});

test("no tracing object: the no-op global tracer works silently", async (t) => {
  patched(t);
  const { ask } = await serve(t, ROUTES, { opentracingStartSpanCb: (span) => void span.setTag("done", true) });
  assert.match(await ask("GET /"), /^HTTP\/1.1 200/);
});

test("no tracing object: a global tracer that is set later counts", async (t) => {
  patched(t);
  const { app, ask } = await serve(t, ROUTES, { opentracingStartSpanCb: (span) => void span.setTag("done", true) });
  const { tracer, reporter } = memory();
  t.after(() => initGlobalTracer(new NoopTracer()));
  initGlobalTracer(tracer);
  assert.match(await ask("GET /"), /^HTTP\/1.1 200/);
  await reporter.waitFor(1);
  assert.equal(spanTree(reporter.spans, { tags: ["done"] }), "\nMainHandler  server 200 done=true");
  assert.ok(app.settings.opentracingTracing instanceof TornadoTracing);
});

test("tracer callable: a function, called once with its parameters", async (t) => {
  patched(t);
  const { tracer, reporter } = memory();
  let calls = 0;
  const { ask } = await serve(t, ROUTES, {
    opentracingTracerCallable: (parameters: { tracer: OpenTracingTracer }) => {
      calls++;
      return parameters.tracer;
    },
    opentracingTracerParameters: { tracer },
  });
  for (let i = 0; i < 2; i++) assert.match(await ask("GET /"), /^HTTP\/1.1 200/);
  await reporter.waitFor(2);
  assert.equal(spanTree(reporter.spans), "\nMainHandler  server 200\nMainHandler  server 200");
  assert.equal(calls, 1);
});

test("tracer choice: a tracing object comes before a callable, which is not called then", async (t) => {
  patched(t);
  const { tracing, reporter } = memory();
  const { ask } = await serve(t, ROUTES, {
    opentracingTracing: tracing,
    opentracingTracerCallable: () => assert.fail("called"),
  });
  await ask("GET /");
  await reporter.waitFor(1);
  assert.equal(spanTree(reporter.spans), "\nMainHandler  server 200");
});

test("tracer callable: a text that names a module's export", async (t) => {
  patched(t);
  const { tracer, reporter } = memory();
  const file = fileURLToPath(new URL("tracer-module.js", import.meta.url));
  const { ask } = await serve(t, ROUTES, {
    opentracingTracerCallable: `${file}:makeTracer`,
    opentracingTracerParameters: { tracer },
  });
  await ask("GET /");
  await reporter.waitFor(1);
  assert.equal(spanTree(reporter.spans), "\nMainHandler  server 200");
});

test("tracer callable: a text that names nothing says what is missing", async (t) => {
  const file = fileURLToPath(new URL("tracer-module.js", import.meta.url));
  await assert.rejects(
    serve(t, ROUTES, { opentracingTracerCallable: "./no-such.js:make" }),
    /"\.\/no-such\.js" cannot be/,
  );
  await assert.rejects(serve(t, ROUTES, { opentracingTracerCallable: `${file}:make` }), /has no export "make"/);
});

test("simple: name and tags, no others", async (t) => {
  patched(t);
  const { tracing, reporter } = memory();
  const { ask } = await serve(t, ROUTES, { opentracingTracing: tracing });
  assert.match(await ask("GET /?page=2&token=hidden"), /^HTTP\/1.1 200/);
  await reporter.waitFor(1);
  assert.equal(reporter.spans[0]!.operationName, "MainHandler");
  assert.deepEqual(tagsOf(reporter.spans[0]!), serverTags("/?page=2&token=REDACTED", 200));
});

test("error: what a handler throws is logged once, and the span marked", async (t) => {
  patched(t);
  const { tracing, reporter } = memory();
  const { ask } = await serve(t, ROUTES, { opentracingTracing: tracing });
  assert.match(await ask("GET /error"), /^HTTP\/1.1 500/);
  await reporter.waitFor(1);
  const [span] = reporter.spans;
  assert.deepEqual(tagsOf(span!), serverTags("/error", 500, { error: true }));
  assert.equal(span!.logs.length, 1);
  const { fields } = span!.logs[0]!;
  assert.equal(fields["event"], "error");
  assert.ok(fields["error.object"] instanceof TypeError);
});

test("scope: a child in a coroutine, and the request's span active before and after", async (t) => {
  patched(t);
  const { tracing, reporter } = memory();
  const { ask } = await serve(t, ROUTES, { opentracingTracing: tracing });
  assert.match(await ask("GET /coroutine_scope"), /^HTTP\/1.1 200/);
  await reporter.waitFor(2);
  assert.equal(
    spanTree(reporter.spans, { tags: ["http.url", "start", "end"] }),
    "\nScopeHandler  server 200 http.url=/coroutine_scope\n  Child  start=0 end=1",
  );
});

test("trace all off: no span", async (t) => {
  patched(t);
  const { tracing, reporter } = memory();
  const seen: unknown[] = [];
  class Handler extends QuietHandler {
    get(): void {
      seen.push(tracing.getSpan(this.request), tracing.getSpan(this), tracing.activeSpan());
    }
  }
  const { ask } = await serve(t, [["/", Handler]], { opentracingTracing: tracing, opentracingTraceAll: false });
  assert.match(await ask("GET /"), /^HTTP\/1.1 200/);
  assert.deepEqual(seen, [undefined, undefined, undefined]);
  assert.equal(reporter.spans.length, 0);
});

test("traced attributes: those the request has and that are not empty", async (t) => {
  patched(t);
  const { tracing, reporter } = memory();
  const names = ["version", "protocol", "query", "headers.x-a", "remoteIp", "doesnotexist"];
  const { ask } = await serve(t, ROUTES, { opentracingTracing: tracing, opentracingTracedAttributes: names });
  await ask("GET /\nx-a: b");
  await reporter.waitFor(1);
  assert.deepEqual(
    tagsOf(reporter.spans[0]!),
    serverTags("/", 200, { version: "HTTP/1.1", protocol: "http", "headers.x-a": "b", remoteIp: "127.0.0.1" }),
  );
});

test("traced attributes: secrets in arguments, query, cookies and forms are redacted", async (t) => {
  patched(t);
  const { tracing, reporter } = memory();
  class Handler extends MainHandler {
    post(): void {}
  }
  const names = ["query", "queryArguments", "arguments", "arguments.token", "cookies", "headers"];
  const settings = { opentracingTracing: tracing, opentracingTracedAttributes: names };
  const { ask } = await serve(t, [["/ok", Handler]], settings);
  await ask("GET /ok?token=hidden&page=2\ncookie: sid=hidden");
  await reporter.waitFor(1);
  const tags = tagsOf(reporter.spans[0]!);
  assert.doesNotMatch(JSON.stringify(tags), /hidden/);
  assert.equal(tags["arguments"], '{"token":"REDACTED","page":["2"]}');
});

for (const kind of ["alone", "with a span of the server"] as const) {
  test(`traced attributes: of the body once it is here, without its secrets: ${kind}`, async (t) => {
    patched(t);
    const { tracing, reporter } = memory();
    if (kind !== "alone") {
      const all = initAll({ tracer: tracing.tracer, traceClient: false });
      t.after(() => all.close());
    }
    const seen: unknown[] = [];
    class Handler extends MainHandler {
      override prepare(): void {
        seen.push(tracing.activeSpan() === tracing.getSpan(this));
      }
      post(): void {}
    }
    const names = ["body", "bodyArguments", "bodyArguments.a", "arguments", "files", "bodyless", "headers.host"];
    const settings = { opentracingTracing: tracing, opentracingTracedAttributes: names };
    const { ask } = await serve(t, [["/", Handler]], settings);
    await ask("POST /?q=1\ncontent-type: application/x-www-form-urlencoded", "a=2&token=hidden");
    await reporter.waitFor(1);
    const tags = tagsOf(reporter.spans[0]!);
    assert.deepEqual(Object.fromEntries(names.map((name) => [name, tags[name]])), {
      body: "a=2&token=REDACTED",
      bodyArguments: '{"a":["2"],"token":"REDACTED"}',
      "bodyArguments.a": '["2"]',
      arguments: '{"q":["1"],"a":["2"],"token":"REDACTED"}',
      files: "{}",
      bodyless: undefined,
      "headers.host": "a.example",
    });
    assert.deepEqual(seen, [true]);
  });
}

test("traced attributes: none with trace all off", async (t) => {
  patched(t);
  const { tracing, reporter } = memory();
  class Handler extends QuietHandler {
    @tracing.trace("version") get(): void {}
  }
  const settings = {
    opentracingTracing: tracing,
    opentracingTraceAll: false,
    opentracingTracedAttributes: ["protocol"],
  };
  const { ask } = await serve(t, [["/", Handler]], settings);
  await ask("GET /");
  await reporter.waitFor(1);
  assert.deepEqual(tagsOf(reporter.spans[0]!), serverTags("/", 200, { version: "HTTP/1.1" }));
});

test("start-span callback: comes after the tags, and may rename the span and overwrite them", async (t) => {
  patched(t);
  const { tracing, reporter } = memory();
  const { ask } = await serve(t, ROUTES, {
    opentracingTracing: tracing,
    opentracingTracedAttributes: ["version"],
    opentracingStartSpanCb: (span: Span, request: HTTPServerRequest) => {
      span.setOperationName(`foo/${request.method}`);
      span.setTag("component", "not-tornado").setTag("custom-tag", "custom-value").setTag("version", "2");
    },
  });
  assert.match(await ask("GET /"), /^HTTP\/1.1 200/);
  await reporter.waitFor(1);
  assert.equal(reporter.spans[0]!.operationName, "foo/GET");
  assert.deepEqual(
    tagsOf(reporter.spans[0]!),
    serverTags("/", 200, { component: "not-tornado", "custom-tag": "custom-value", version: "2" }),
  );
});

test("start-span callback: one that throws reaches neither the request nor the span", async (t) => {
  patched(t);
  const { tracing, reporter } = memory();
  const before = diagnostics()["callback.error"] ?? 0;
  const { ask } = await serve(t, ROUTES, {
    opentracingTracing: tracing,
    opentracingStartSpanCb: () => {
      throw new Error("this should not happen");
    },
  });
  assert.match(await ask("GET /"), /^HTTP\/1.1 200/);
  await reporter.waitFor(1);
  assert.deepEqual(tagsOf(reporter.spans[0]!), serverTags("/", 200));
  assert.deepEqual(reporter.spans[0]!.logs, []);
  assert.equal(diagnostics()["callback.error"], before + 1);
});

test("parent: the headers' context, and a new trace where it is missing or corrupt", async (t) => {
  patched(t);
  const { tracing, reporter } = memory();
  const { ask } = await serve(t, ROUTES, { opentracingTracing: tracing });
  const good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  for (const header of [good, "corrupt"]) assert.match(await ask(`GET /\ntraceparent: ${header}`), / 200 /);
  await reporter.waitFor(2);
  assert.deepEqual(
    reporter.spans.map((span) => span.parentIsRemote),
    [true, false],
  );
  assert.deepEqual(
    reporter.spans.map((span) => [span.parentSpanId0 >>> 0, span.parentSpanId1 >>> 0]),
    [
      [0xb7ad6b71, 0x69203331],
      [0, 0],
    ],
  );
  const [joined, own] = reporter.spans.map(({ context }) => context.traceId0 >>> 0);
  assert.equal(joined, 0x0af76519);
  assert.notEqual(own, joined);
});

test("HTTPError: 500 to 599 is an error of the server and logged, one below is none, of one above the status is all", async (t) => {
  patched(t);
  const { tracing, reporter } = memory();
  class Handler extends QuietHandler {
    get(code: string): void {
      throw new HTTPError(Number(code), "for the log");
    }
  }
  const { ask } = await serve(t, [["/([0-9]+)", Handler]], { opentracingTracing: tracing });
  for (const code of [304, 400, 404, 499, 500, 503, 599, 600]) {
    assert.match(await ask(`GET /${code}`), new RegExp(`^HTTP/1.1 ${code} `));
  }
  await reporter.waitFor(8);
  const failed = (code: number): string =>
    `\nHandler  server ${code} error=HTTPError\n  - error error.object=${new HTTPError(code, "for the log")}`;
  assert.equal(
    spanTree(reporter.spans, { logs: true }),
    `${[304, 400, 404, 499].map((code) => `\nHandler  server ${code}`).join("")}${[500, 503, 599].map(failed).join("")}\nHandler  server 600 error`,
  );
});

test("a response of 500 and above is an error without a log, Finish is none", async (t) => {
  patched(t);
  const { tracing, reporter } = memory();
  class Handler extends QuietHandler {
    get(how: string): void {
      this.setStatus(how === "finish" ? 401 : 503);
      if (how === "finish") throw new Finish();
    }
  }
  const { ask } = await serve(t, [["/([a-z]+)", Handler]], { opentracingTracing: tracing });
  assert.match(await ask("GET /finish"), /^HTTP\/1.1 401 /);
  assert.match(await ask("GET /status"), /^HTTP\/1.1 503 /);
  await reporter.waitFor(2);
  assert.equal(spanTree(reporter.spans, { logs: true }), "\nHandler  server 401\nHandler  server 503 error");
});

test("an error that only says that it has a status of 4xx is answered with 500, and recorded", async (t) => {
  patched(t);
  const { tracing, reporter } = memory();
  class Handler extends QuietHandler {
    get(): void {
      throw Object.assign(new Error("from elsewhere"), { statusCode: 404 });
    }
  }
  const { ask } = await serve(t, [["/", Handler]], { opentracingTracing: tracing });
  assert.match(await ask("GET /"), /^HTTP\/1.1 500/);
  await reporter.waitFor(1);
  assert.equal(
    spanTree(reporter.spans, { logs: true }),
    "\nHandler  server 500 error=Error\n  - error error.object=Error: from elsewhere",
  );
});

test("secrets in a handler's error are redacted, and the error itself is left alone", async (t) => {
  patched(t);
  const { tracing, reporter } = memory();
  const error = new Error("failed: http://a.example/?token=hidden");
  class Handler extends QuietHandler {
    get(): void {
      throw error;
    }
  }
  const { ask } = await serve(t, [["/", Handler]], { opentracingTracing: tracing });
  await ask("GET /");
  await reporter.waitFor(1);
  assert.match(spanTree(reporter.spans, { logs: true }), /token=REDACTED/);
  assert.match(error.message, /token=hidden/);
});

for (const kind of ["trace all", "decorated"] as const) {
  test(`onConnectionClose runs in the request's span: ${kind}`, async (t) => {
    if (kind === "trace all") patched(t);
    const { tracing, reporter } = memory();
    let done = (_seen: unknown[]): void => {};
    const seen = new Promise<unknown[]>((resolve) => {
      done = resolve;
    });
    const work = async function (this: QuietHandler): Promise<void> {
      this.write("begun");
      await this.flush();
      await new Promise(() => {});
    };
    class Handler extends QuietHandler {
      get = kind === "decorated" ? tracing.trace()(work) : work;
      override onConnectionClose(): void {
        tracing.startActiveSpan("tidy up", () => done([tracing.getSpan(this) !== undefined, this.getStatus()]));
      }
    }
    const { connect } = await serve(t, [["/", Handler]], { opentracingTracing: tracing });
    const client = await connect();
    await client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n").until("begun");
    client.leave();
    assert.deepEqual(await seen, [true, 200]);
    await reporter.waitFor(2);
    assert.equal(spanTree(reporter.spans), "\nHandler  server 200 error=client_disconnect\n  tidy up");
  });
}

test("a writeError that fails is an error of the span's where it was to tell of one, and else is only logged", async (t) => {
  patched(t);
  const { tracing, reporter } = memory();
  const logged: unknown[] = [];
  class Handler extends QuietHandler {
    get(code: string): void {
      void this.sendError(Number(code));
    }
    override writeError(code: number): never {
      throw new Error(`page ${code}`);
    }
    override logException(error: unknown): void {
      logged.push((error as Error).message);
    }
  }
  const { ask } = await serve(t, [["/([0-9]+)", Handler]], { opentracingTracing: tracing });
  for (const code of [404, 499, 500]) assert.match(await ask(`GET /${code}`), new RegExp(`^HTTP/1.1 ${code} `));
  await reporter.waitFor(3);
  assert.equal(
    spanTree(reporter.spans, { logs: true }),
    "\nHandler  server 404\nHandler  server 499\nHandler  server 500 error=Error\n  - error error.object=Error: page 500",
  );
  assert.deepEqual(logged, ["page 404", "page 499", "page 500"]);
});

test("unmatched paths are spans too, and methods that are not supported", async (t) => {
  patched(t);
  const { tracing, reporter } = memory();
  const { ask } = await serve(t, ROUTES, { opentracingTracing: tracing });
  assert.match(await ask("GET /no-such"), /^HTTP\/1.1 404 Not Found/);
  assert.match(await ask("POST /"), /^HTTP\/1.1 405 Method Not Allowed/);
  await reporter.waitFor(2);
  assert.equal(spanTree(reporter.spans), "\nErrorHandler  server 404\nMainHandler  server 405");
});

test("two applications in one process, each with its own settings", async (t) => {
  patched(t);
  const [one, other] = [memory(), memory({ startSpanCb: (span) => void span.setTag("its", "own") })];
  const first = await serve(t, ROUTES, { opentracingTracing: one.tracing, opentracingTracedAttributes: ["method"] });
  const second = await serve(t, ROUTES, { opentracingTracing: other.tracing });
  const third = await serve(t, ROUTES, { opentracingTracing: one.tracing, opentracingTraceAll: false });
  await Promise.all([first.ask("GET /"), second.ask("GET /"), third.ask("GET /")]);
  await Promise.all([one.reporter.waitFor(1), other.reporter.waitFor(1)]);
  assert.equal(spanTree(one.reporter.spans, { tags: ["method", "its"] }), "\nMainHandler  server 200 method=GET");
  assert.equal(spanTree(other.reporter.spans, { tags: ["method", "its"] }), "\nMainHandler  server 200 its=own");
});

test("settings beside a TornadoTracing win over its options, and leave the object as it is", async (t) => {
  patched(t);
  const { tracing, reporter } = memory({
    tracedAttributes: ["method"],
    startSpanCb: (span) => void span.setTag("cb", 1),
  });
  const { app, ask } = await serve(t, ROUTES, {
    opentracingTracing: tracing,
    opentracingTracedAttributes: ["version"],
  });
  await ask("GET /");
  await reporter.waitFor(1);
  assert.deepEqual(tagsOf(reporter.spans[0]!), serverTags("/", 200, { version: "HTTP/1.1", cb: 1 }));
  assert.equal(app.settings.opentracingTracing, tracing);
  assert.deepEqual(tracing.options.tracedAttributes, ["method"]);
});

test("wrong settings are refused, with what to write instead", async (t) => {
  for (const [settings, message] of [
    [{ opentracing_trace_all: true }, /no option "opentracing_trace_all"; did you mean "opentracingTraceAll"\?/],
    [{ opentracingTracing: new Tracer({ reporter: new MemoryReporter() }) }, /must be a TornadoTracing object/],
    [{ opentracingTraceAll: "yes" }, /opentracingTraceAll must be true or false, not "yes"/],
    [{ opentracingTracedAttributes: "method" }, /opentracingTracedAttributes must be an array of texts/],
    [{ maxBodySize: "1 MB" }, /maxBodySize must be a number of bytes, not 1 MB/],
  ] as const) {
    await assert.rejects(serve(t, ROUTES, settings as ApplicationSettings), { name: "TypeError", message });
  }
  assert.throws(() => new TornadoTracing({} as OpenTracingTracer), /new TornadoTracing\(tracer\): the tracer must be/);
});

test("beyond the original: of 100 concurrent child coroutines each has its own active span", async (t) => {
  patched(t);
  const { tracing, reporter } = memory({ scopeManager: new TornadoScopeManager() });
  let right = 0;
  class ParentHandler extends QuietHandler {
    async child(i: number): Promise<void> {
      await tracing.startActiveSpan(`child-${i}`, async (span) => {
        for (let turn = 0; turn < i % 7; turn++) await tick();
        await tracing.startActiveSpan(`grandchild-${i}`, tick);
        if (tracing.activeSpan() === span) right++;
      });
    }
    async get(): Promise<void> {
      await Promise.all(Array.from({ length: 100 }, (_, i) => this.child(i)));
      assert.equal(tracing.activeSpan(), tracing.getSpan(this));
    }
  }
  const { ask } = await serve(t, [["/", ParentHandler]], { opentracingTracing: tracing });
  assert.match(await ask("GET /"), /^HTTP\/1.1 200/);
  await reporter.waitFor(201);
  assert.equal(right, 100);
  const children = Array.from({ length: 100 }, (_, i) => `\n  child-${i}\n    grandchild-${i}`);
  assert.equal(spanTree(reporter.spans), `\nParentHandler  server 200${children.join("")}`);
});
