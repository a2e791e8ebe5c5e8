// The scenarios of the original's tests of its API: patching and unpatching.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { initTracing as initAll } from "node-opentracing";
import { spanTree } from "node-opentracing/testing";
import { Application, AsyncHTTPClient, initTracing, type Route } from "node-opentracing/tornado";
import { memory, patched, QuietHandler, serve, tick } from "./scene.js";

class MainHandler extends QuietHandler {
  get(): void {
    this.write("hello");
  }
}

test("patch: off before, on after, off again once it is taken back; applications that listen already included", async (t) => {
  const { tracing, reporter } = memory();
  const { ask } = await serve(t, [["/", MainHandler]], { opentracingTracing: tracing });
  await ask("GET /?before");
  const undo = initTracing();
  await ask("GET /?on");
  await reporter.waitFor(1);
  undo();
  await ask("GET /?after");
  undo(); // a second call does nothing
  const again = initTracing();
  await ask("GET /?again");
  await reporter.waitFor(2);
  again();
  assert.equal(
    spanTree(reporter.spans, { tags: ["http.url"] }),
    "\nMainHandler  server 200 http.url=/?on\nMainHandler  server 200 http.url=/?again",
  );
});

test("patch: called again it patches nothing twice", async (t) => {
  const undo = initTracing();
  assert.equal(initTracing(), undo);
  t.after(undo);
  const { tracing, reporter } = memory();
  const { port } = await serve(t, [["/", MainHandler]], { opentracingTracing: tracing, opentracingTraceClient: true });
  await new AsyncHTTPClient().fetch(`http://127.0.0.1:${port}/`);
  await reporter.waitFor(2);
  assert.equal(spanTree(reporter.spans), "\nGET  client 200\n  MainHandler  server 200");
});

test("patch: the client follows the application made last, and is left alone with traceClient false", async (t) => {
  const undo = initTracing();
  t.after(undo);
  const [one, other] = [memory(), memory()];
  const { port } = await serve(t, [["/", MainHandler]], { opentracingTraceAll: false });
  const fetch = (): Promise<unknown> => new AsyncHTTPClient().fetch(`http://127.0.0.1:${port}/`);
  new Application([], { opentracingTracing: one.tracing });
  await fetch();
  assert.equal(one.reporter.spans.length, 1);
  new Application([], { opentracingTracing: other.tracing });
  await fetch();
  assert.deepEqual([one.reporter.spans.length, other.reporter.spans.length], [1, 1]);
  new Application([], { opentracingTracing: other.tracing, opentracingTraceClient: false });
  await fetch();
  new Application([], { opentracingTracing: one.tracing });
  undo();
  await fetch();
  assert.deepEqual([one.reporter.spans.length, other.reporter.spans.length], [1, 1]);
});

test("patch: in a request the client follows the application that serves it", async (t) => {
  t.after(initTracing());
  const [one, other] = [memory(), memory()];
  let url = "";
  class CallHandler extends QuietHandler {
    async get(): Promise<void> {
      await tick();
      await new AsyncHTTPClient().fetch(url);
    }
  }
  const routes: Route[] = [
    ["/", MainHandler],
    ["/call", CallHandler],
  ];
  const first = await serve(t, routes, { opentracingTracing: one.tracing, opentracingTraceClient: true });
  const second = await serve(t, routes, { opentracingTracing: other.tracing, opentracingTraceClient: false });
  url = `http://127.0.0.1:${first.port}/`;
  for (const { ask } of [first, second]) assert.match(await ask("GET /call"), /^HTTP\/1.1 200/);
  await Promise.all([one.reporter.waitFor(4), other.reporter.waitFor(1)]);
  assert.equal(
    spanTree(one.reporter.spans),
    "\nCallHandler  server 200\n  GET  client 200\n    MainHandler  server 200\nMainHandler  server 200",
  );
  assert.equal(spanTree(other.reporter.spans), "\nCallHandler  server 200");
});

test("patch: nothing with OTEL_SDK_DISABLED=true", () => {
  const script = `
    import { Application, initTracing, RequestHandler } from "node-opentracing/tornado";
    import { initGlobalTracer, MockTracer } from "opentracing";
    const tracer = new MockTracer();
    initGlobalTracer(tracer);
    initTracing();
    class MainHandler extends RequestHandler { get() {} }
    const app = new Application([["/", MainHandler]]);
    const server = app.listen(0, "127.0.0.1", () => {});
    server.on("listening", async () => {
      await (await fetch("http://127.0.0.1:" + server.address().port)).text();
      console.log(tracer.report().spans.length);
      await app.close();
    });`;
  for (const [disabled, spans] of [
    ["true", "0"],
    ["false", "1"],
  ] as const) {
    const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "--no-warnings", "-e", script], {
      encoding: "utf8",
      env: { ...process.env, OTEL_SDK_DISABLED: disabled },
      timeout: 20_000,
    });
    assert.deepEqual([stdout.trim(), stderr.trim()], [spans, ""]);
  }
});

test("patch: upgrades go their way, traced or not", async (t) => {
  const { tracing, reporter } = memory();
  const on = await serve(t, [["/", MainHandler]], { opentracingTracing: tracing });
  const off = await serve(t, [["/", MainHandler]], { opentracingTracing: tracing, opentracingTraceAll: false });
  const seen: boolean[] = [];
  for (const { server } of [on, off]) {
    server.on("upgrade", (_request, socket) => {
      seen.push(tracing.activeSpan() !== undefined);
      socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
    });
  }
  const upgrade = "GET /chat\nconnection: upgrade\nupgrade: websocket";
  await on.ask(upgrade);
  const undo = initTracing();
  t.after(undo);
  for (const { ask } of [off, on]) assert.match(await ask(upgrade), /^HTTP\/1.1 403/);
  await reporter.waitFor(1);
  assert.deepEqual(seen, [false, false, true]);
  assert.equal(spanTree(reporter.spans, { tags: ["http.upgrade"] }), "\nGET  server 403 http.upgrade=websocket");
});

test("with the main package's initTracing a request has one span, which gets the class's name", async (t) => {
  const { tracer, tracing, reporter } = memory();
  const all = initAll({ tracer, traceClient: false });
  const { ask } = await serve(t, [["/", MainHandler]], {
    opentracingTracing: tracing,
    opentracingTracedAttributes: ["protocol"],
  });
  await ask("GET /?1");
  const undo = initTracing();
  await ask("GET /?2");
  await ask("GET /no-such");
  await reporter.waitFor(3);
  undo();
  await all.close();
  assert.equal(
    spanTree(reporter.spans, { tags: ["component", "http.url", "protocol"] }),
    `
MainHandler  server 200 component=tornado http.url=/?1
MainHandler  server 200 component=tornado http.url=/?2 protocol=http
ErrorHandler  server 404 component=tornado http.url=/no-such protocol=http`,
  );
});

test("with the main package's initTracing a name that the user gave is kept", async (t) => {
  const { tracer, tracing, reporter } = memory();
  const all = initAll({ tracer, traceClient: false, operationName: (request) => `mine ${request.url}` });
  const { ask } = await serve(t, [["/", MainHandler]], { opentracingTracing: tracing });
  await ask("GET /");
  await reporter.waitFor(1);
  await all.close();
  assert.equal(spanTree(reporter.spans), "\nmine /  server 200");
});

test("with the main package's initTracing traced attributes count only with trace all, too", async (t) => {
  patched(t);
  const { tracer, tracing, reporter } = memory();
  const all = initAll({ tracer, traceClient: false });
  const { ask } = await serve(t, [["/", MainHandler]], {
    opentracingTracing: tracing,
    opentracingTraceAll: false,
    opentracingTracedAttributes: ["protocol"],
  });
  await ask("GET /");
  await reporter.waitFor(1);
  await all.close();
  assert.equal(spanTree(reporter.spans, { tags: ["protocol"] }), "\nMainHandler  server 200");
});
