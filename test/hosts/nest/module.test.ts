// TracingModule: alone, beside another application, on top of initTracing, and without HTTP.

import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import http, { type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { DynamicModule, INestApplication, MiddlewareConsumer } from "@nestjs/common";
import {
  diagnostics,
  type FinishedSpan,
  initTracing,
  MemoryReporter,
  Tracer,
  Tracing,
  type TracingOptions,
} from "node-opentracing";
import { Trace, TracingModule } from "node-opentracing/nest";
import { spanTree } from "node-opentracing/testing";
import { listen, QUIET, RELEASES, type Release } from "./releases.js";

function kit(t: TestContext, options: TracingOptions = {}) {
  const reporter = new MemoryReporter();
  const tracing = new Tracing(new Tracer({ reporter }), { traceClient: false, ...options });
  t.after(() => tracing.close());
  return { reporter, tracing };
}

/** What a service of the application is called with, from outside of any request. */
interface Service {
  work(): string;
  readonly tracing: Tracing | undefined;
}

/** An application with the routes /tasks/:id, which calls a service, and /fail. */
function application({ common }: Release, ...imports: DynamicModule[]) {
  const { Controller, Get, Inject, Injectable, Module, Optional } = common;

  @Injectable()
  class Work implements Service {
    constructor(@Optional() @Inject(Tracing) readonly tracing: Tracing | undefined) {}
    @Trace()
    work(): string {
      return "done";
    }
  }
  @Controller()
  class AppController {
    readonly #work: Work;
    constructor(work: Work) {
      this.#work = work;
    }
    @Get("tasks/:id")
    work(): string {
      return this.#work.work();
    }
    @Get("fail")
    fail(): never {
      throw new RangeError("failed");
    }
  }
  @Module({ imports, controllers: [AppController], providers: [Work] })
  class AppModule {}
  return { AppModule, Work };
}

async function start(t: TestContext, release: Release, ...imports: DynamicModule[]) {
  const { AppModule, Work } = application(release, ...imports);
  const app: INestApplication = await release.core.NestFactory.create(AppModule, release.adapter(), QUIET);
  const port = await listen(app);
  const close = async (): Promise<void> => {
    (app.getHttpServer() as Server).closeAllConnections();
    await app.close();
  };
  t.after(close);
  return { app, close, work: app.get<Service>(Work), get: (path: string) => get(port, path) };
}

async function get(port: number, path: string): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: "close" } });
  return `${answer.status} ${await answer.text()}`;
}

const WORK = "\nGET /tasks/:id  server 200\n  Work.work";
const FAILED = "\nGET /fail  server 500 error=RangeError\n  - error error.object=RangeError: failed";

for (const release of RELEASES) {
  test(`${release.name}: two applications, each by its own settings; a third is not traced`, async (t) => {
    const [first, second] = [
      kit(t, { tracedAttributes: ["method"] }),
      kit(t, { filter: ({ url }) => url !== "/fail" }),
    ];
    const one = await start(t, release, TracingModule.forRoot({ tracing: first.tracing }));
    const two = await start(t, release, TracingModule.forRoot({ tracing: second.tracing }));
    const three = await start(t, release);
    for (const { get } of [one, two, three]) {
      assert.equal(await get("/tasks/7"), "200 done");
      assert.match(await get("/fail"), /^500/);
    }
    await first.reporter.waitFor(3);
    await second.reporter.waitFor(2);
    assert.equal(
      spanTree(first.reporter.spans, { logs: true, tags: ["method"] }),
      WORK.replace("200", "200 method=GET") + FAILED.replace("RangeError\n", "RangeError method=GET\n"),
    );
    // The third application's method is called in no span: it goes to the application that was started last.
    assert.equal(spanTree(second.reporter.spans, { logs: true }), `${WORK}\nWork.work`);
    await two.close();
    one.work.work();
    assert.equal(spanTree(first.reporter.spans.slice(3)), "\nWork.work");
    assert.equal(second.reporter.spans.length, 3);
  });

  test(`${release.name}: on top of initTracing the module adds routes, errors and component, and no second span`, async (t) => {
    const { tracing, reporter } = kit(t);
    initTracing({ tracing });
    const { get } = await start(t, release, TracingModule.forRoot());
    assert.equal(await get("/tasks/7"), "200 done");
    assert.match(await get("/fail"), /^500/);
    await reporter.waitFor(3);
    assert.equal(
      spanTree(reporter.spans, { logs: true, tags: ["component"] }),
      WORK.replace("200", "200 component=nestjs") + FAILED.replace("RangeError\n", "RangeError component=nestjs\n"),
    );
  });

  test(`${release.name}: with initTracing alone a request is traced, and a status of 500 marks its span`, async (t) => {
    const { tracing, reporter } = kit(t);
    initTracing({ tracing });
    const { get } = await start(t, release);
    assert.match(await get("/fail"), /^500/);
    await reporter.waitFor(1);
    assert.match(spanTree(reporter.spans), /^\nGET( \/fail)? {2}server 500 error/);
  });

  test(`${release.name}: mounted in a server of somebody else's, it is traced from the module on`, async (t) => {
    const { tracing, reporter } = kit(t);
    const { AppModule } = application(release, TracingModule.forRoot({ tracing }));
    const adapter = release.adapter();
    const app: INestApplication = await release.core.NestFactory.create(AppModule, adapter, QUIET);
    await app.init();
    const instance = adapter.getInstance();
    if (release.isFastify) await instance.ready();
    const server = http.createServer((release.isFastify ? instance.routing : instance) as RequestListener);
    await once(server.listen(0, "127.0.0.1"), "listening");
    t.after(async () => {
      server.close();
      await app.close();
    });
    assert.equal(await get((server.address() as AddressInfo).port, "/tasks/7"), "200 done");
    await reporter.waitFor(2);
    assert.equal(spanTree(reporter.spans), WORK);
  });

  test(`${release.name}: with the module alone too, what is not NestJS's is named by the platform`, async (t) => {
    const { tracing, reporter } = kit(t);
    const { AppModule } = application(release, TracingModule.forRoot({ tracing }));
    const adapter = release.adapter();
    const platform = release.isFastify ? "fastify" : "express";
    if (release.isFastify) adapter.getInstance().get("/plain/:id", async () => "plain");
    else adapter.getInstance().get("/plain/:id", (_: unknown, response: http.ServerResponse) => response.end("plain"));
    const app: INestApplication = await release.core.NestFactory.create(AppModule, adapter, QUIET);
    const port = await listen(app);
    t.after(() => app.close());
    assert.equal(await get(port, "/plain/7"), "200 plain");
    await reporter.waitFor(1);
    assert.equal(
      spanTree(reporter.spans, { tags: ["component"] }),
      `\nGET /plain/:id  server 200 component=${platform}`,
    );
  });

  test(`${release.name}: middleware that replies to one method's requests is no route`, async (t) => {
    const reporter = new MemoryReporter();
    const tracing = initTracing({ reporter, traceClient: false });
    t.after(() => tracing.close());
    const { AppModule } = application(release, TracingModule.forRoot());
    const { Module, RequestMethod } = release.common;
    @Module({ imports: [AppModule] })
    class WithMiddleware {
      configure(consumer: MiddlewareConsumer): void {
        consumer
          .apply((request: http.IncomingMessage, response: http.ServerResponse, next: () => void) => {
            if (request.url?.endsWith("?stop")) response.end("stopped");
            else next();
          })
          .forRoutes({ path: "{*path}", method: RequestMethod.GET });
      }
    }
    const app: INestApplication = await release.core.NestFactory.create(WithMiddleware, release.adapter(), QUIET);
    const port = await listen(app);
    t.after(() => app.close());
    assert.equal(await get(port, "/tasks/7?stop"), "200 stopped");
    assert.equal(await get(port, "/tasks/7"), "200 done");
    await reporter.waitFor(3);
    assert.equal(spanTree(reporter.spans), `\nGET  server 200${WORK}`);
  });

  test(`${release.name}: services may have the tracing injected; without HTTP too their methods are traced`, async (t) => {
    const { tracing, reporter } = kit(t);
    const { AppModule, Work } = application(release, TracingModule.forRoot({ tracing }));
    const context = await release.core.NestFactory.createApplicationContext(AppModule, QUIET);
    const work = context.get<Service>(Work);
    assert.equal(work.tracing, tracing);
    assert.equal(work.work(), "done");
    assert.equal(spanTree(reporter.spans), "\nWork.work");
    await context.close();
  });

  test(`${release.name}: closing the application sends its last spans`, async (t) => {
    const { tracing } = kit(t);
    const flushed: (number | undefined)[] = [];
    tracing.flush = async (timeLimit) => void flushed.push(timeLimit);
    const { close } = await start(t, release, TracingModule.forRoot({ tracing }));
    await close();
    assert.deepEqual(flushed, [2_000]);
  });
}

test("a signal ends an application with shutdown hooks as it would without us, and its last spans are sent", async () => {
  if (process.argv[2] === "child") return; // below
  const child = fork(fileURLToPath(import.meta.url), ["child"]);
  const messages: unknown[] = [];
  child.on("message", (message) => {
    messages.push(message);
    if (message === "ready") child.kill("SIGTERM");
  });
  const [code, signal] = await once(child, "exit");
  assert.deepEqual([code, signal, messages], [null, "SIGTERM", ["ready", ["GET /tasks/:id", "Work.work"]]]);
});

if (process.argv[2] === "child") {
  const waiting: FinishedSpan[] = [];
  const reporter = {
    report: (span: FinishedSpan) => void waiting.push(span),
    async flush(): Promise<void> {
      const names = waiting.splice(0).map(({ operationName }) => operationName);
      await new Promise((resolve) => setImmediate(resolve));
      if (names.length > 0) process.send!(names.sort());
    },
    async close() {},
  };
  const release = RELEASES[0]!;
  const tracing = new Tracing(new Tracer({ reporter }));
  const { AppModule } = application(release, TracingModule.forRoot({ tracing }));
  const app: INestApplication = await release.core.NestFactory.create(AppModule, release.adapter(), QUIET);
  app.enableShutdownHooks();
  await get(await listen(app), "/tasks/7");
  process.send!("ready");
}

test("@Trace() goes by the settings of whoever made the active span: of each of several applications, and of initTracing", async (t) => {
  const release = RELEASES[0]!;
  const [first, second, everywhere] = [
    kit(t, { redactedParameters: ["ticket"] }),
    kit(t, { redactedParameters: ["seat"] }),
    kit(t, { redactedParameters: ["row"] }),
  ];
  initTracing({ tracing: everywhere.tracing });
  for (const { tracing } of [first, second]) {
    const { AppModule } = application(release, TracingModule.forRoot({ tracing }));
    const context = await release.core.NestFactory.createApplicationContext(AppModule, QUIET);
    t.after(() => context.close());
  }
  class Shop {
    @Trace("look", "url")
    look(_order: { url: string }): void {}
  }
  const urls = [first, second, everywhere].map(({ tracing, reporter }) => {
    tracing.startActiveSpan("job", () => new Shop().look({ url: "/a?ticket=1&seat=2&row=3" }));
    return spanTree(reporter.spans, { tags: ["url"] });
  });
  assert.deepEqual(urls, [
    "\njob\n  look  url=/a?ticket=REDACTED&seat=2&row=3",
    "\njob\n  look  url=/a?ticket=1&seat=REDACTED&row=3",
    "\njob\n  look  url=/a?ticket=1&seat=2&row=REDACTED",
  ]);
});

test("requests that Fastify's inject() makes up are traced by the module's own hook", async (t) => {
  for (const release of RELEASES.filter(({ isFastify }) => isFastify)) {
    const { tracing, reporter } = kit(t);
    const { AppModule } = application(release, TracingModule.forRoot({ tracing }));
    const adapter = release.adapter();
    const app: INestApplication = await release.core.NestFactory.create(AppModule, adapter, QUIET);
    await app.init();
    t.after(() => app.close());
    const answer = await adapter.getInstance().inject("/tasks/7");
    assert.equal(answer.body, "done");
    await reporter.waitFor(2);
    assert.equal(spanTree(reporter.spans), WORK);
  }
});

for (const release of RELEASES) {
  test(`${release.name}: a stream that an entity can open is not opened`, async (t) => {
    const { tracing, reporter } = kit(t);
    const { Controller, Get, Module } = release.common;
    let opened = 0;
    class Document {
      getStream(): void {
        opened++;
      }
      toJSON(): object {
        return { name: "a document" };
      }
    }
    @Controller()
    class Documents {
      @Get("document")
      get(): Document {
        return new Document();
      }
    }
    @Module({ imports: [TracingModule.forRoot({ tracing })], controllers: [Documents] })
    class AppModule {}
    const app: INestApplication = await release.core.NestFactory.create(AppModule, release.adapter(), QUIET);
    const port = await listen(app);
    t.after(() => app.close());
    assert.equal(await get(port, "/document"), '200 {"name":"a document"}');
    await reporter.waitFor(1);
    assert.equal(opened, 0);
  });
}

test("wrong options are refused at once, with what to write instead", () => {
  const forRoot = TracingModule.forRoot as (options: unknown) => unknown;
  assert.throws(
    () => forRoot({ tracing: new Tracer({ reporter: new MemoryReporter() }) }),
    /tracing must be a Tracing object: new Tracing\(tracer\)/,
  );
  assert.throws(() => forRoot({ traceMiddlewares: true }), /did you mean "traceMiddleware"/);
});

for (const release of RELEASES) {
  test(`${release.name}: with traceMiddleware on the module's tracing, what the platform calls so has spans`, async (t) => {
    const { reporter, tracing } = kit(t, { traceMiddleware: true });
    const { AppModule } = application(release, TracingModule.forRoot({ tracing }));
    const app: INestApplication = await release.core.NestFactory.create(AppModule, release.adapter(), QUIET);
    t.after(() => app.close());
    const platform = app.getHttpAdapter().getInstance();
    const add = (name: string): unknown => {
      const run = { [name]: (_request: unknown, _answer: unknown, next: () => void): void => next() }[name]!;
      return release.isFastify ? platform.addHook("onRequest", run) : app.use(run);
    };
    add("before");
    await app.init();
    // Express has all its routes by then.
    if (release.isFastify) add("after");
    assert.equal(await get(await listen(app), "/tasks/1"), "200 done");
    await reporter.waitFor(3);
    const names = reporter.spans.map((span) => span.operationName);
    assert.equal(names.includes("before"), !release.isFastify);
    assert.equal(names.includes("after"), release.isFastify);
  });
}

/** What NestJS calls. */
interface Hooks {
  configure(consumer: object): void;
  onApplicationBootstrap(): void;
}

test("what a NestJS of another making does not have, costs names and errors, and nothing else", (t) => {
  const { tracing } = kit(t);
  const broken = new Proxy({}, { get: () => assert.fail("looked at") });
  const adapters = [
    undefined,
    {},
    { getType: () => "express" },
    { getType: () => "fastify", getInstance: () => broken },
  ];
  for (const adapter of adapters) {
    for (const routesMapper of [undefined, {}, broken]) {
      const { module: Configured } = TracingModule.forRoot({ tracing });
      const module = new Configured() as object as Hooks;
      module.configure({ getHttpAdapter: () => adapter, routesMapper });
      module.onApplicationBootstrap();
    }
  }
  assert.ok(diagnostics()["framework.unknown"]! > 0);
});
