// The plug-in form: applications that are traced alone, each with its own settings, and spans for hooks.

import assert from "node:assert/strict";
import type { AddressInfo } from "node:net";
import { afterEach, describe, test } from "node:test";
import type { FastifyInstance } from "fastify";
import { diagnostics, MemoryReporter, Tracer, Tracing, type TracingOptions } from "node-opentracing";
import { fastifyTracing } from "node-opentracing/fastify";
import { RawClient, spanTree } from "node-opentracing/testing";
import { traceServers } from "#src/hosts/servers.js";
import type fastify4 from "../../older/node_modules/fastify/fastify.js";
import { RELEASES } from "./contract-app.js";

const tracings: Tracing[] = [];
afterEach(async () => {
  for (const tracing of tracings.splice(0)) await tracing.close();
});

function traced(options: TracingOptions = {}): { tracing: Tracing; reporter: MemoryReporter } {
  const reporter = new MemoryReporter();
  const tracing = new Tracing(new Tracer({ reporter }), options);
  tracings.push(tracing);
  return { tracing, reporter };
}

/** Listens, sends the requests one after the other, closes, and answers what was received. */
async function ask(app: FastifyInstance, ...heads: string[]): Promise<string[]> {
  await app.listen({ port: 0, host: "127.0.0.1" });
  const answers: string[] = [];
  for (const head of heads) {
    const client = await RawClient.connect((app.server.address() as AddressInfo).port);
    answers.push(await client.send(`${head} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`).end());
  }
  await app.close();
  return answers;
}

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

for (const { name, fastify } of RELEASES) {
  describe(name, () => {
    test("one application alone: routes of every part, errors, the span is active in hooks and handlers", async () => {
      const { tracing, reporter } = traced();
      const app = fastify();
      await app.register(fastifyTracing, { tracing });
      app.addHook("preHandler", async () => {
        tracing.startActiveSpan("in the hook", () => {});
      });
      app.register(async (api) => void api.get("/:id", async () => tracing.startActiveSpan("in the handler", tick)), {
        prefix: "/orders",
      });
      app.get("/fails", async () => {
        throw new Error("it fails");
      });
      await ask(app, "GET /orders/7", "GET /fails", "GET /nowhere");
      await reporter.waitFor(7);
      assert.equal(
        spanTree(reporter.spans, { tags: ["component", "http.route"] }),
        `
GET /orders/:id  server 200 component=fastify http.route=/orders/:id
  in the hook
  in the handler
GET /fails  server 500 error=Error component=fastify http.route=/fails
  in the hook
GET  server 404 component=fastify
  in the hook`,
      );
    });

    test("hooks of the application find a route's handler as it is, and may hand it more than Fastify does", async () => {
      const { tracing, reporter } = traced();
      const app = fastify();
      await app.register(fastifyTracing, { tracing });
      const seen: unknown[] = [];
      app.addHook("onRoute", (route) => {
        const handler = route.handler as unknown as typeof getOrder;
        seen.push(handler.name, handler.length, handler.permission, Object.keys(handler));
        route.handler = function handlerWithServices(request, reply) {
          return handler.call(this, request, reply, { orders: ["order"] });
        };
      });
      async function getOrder(this: unknown, _request: unknown, _reply: unknown, { orders }: { orders: string[] }) {
        assert.equal(this, app);
        return orders[0];
      }
      getOrder.permission = "orders:read";
      app.route({ method: "POST", url: "/orders", handler: getOrder as never });
      const [answer] = await ask(app, "POST /orders");
      assert.match(answer!, /200 OK.*order$/s);
      assert.deepEqual(seen, ["getOrder", 3, "orders:read", ["permission"]]);
      await reporter.waitFor(1);
      assert.equal(spanTree(reporter.spans), "\nPOST /orders  server 200");
    });

    test("what app.inject() asks is traced too", async () => {
      const { tracing, reporter } = traced();
      const app = fastify();
      await app.register(fastifyTracing, { tracing });
      app.get("/:id", async () => "ok");
      assert.equal((await app.inject("/7")).body, "ok");
      await reporter.waitFor(1);
      assert.equal(spanTree(reporter.spans), "\nGET /:id  server 200");
    });

    test("a hook that destroys a response of app.inject() has a span that ends", async () => {
      const { tracing, reporter } = traced({ traceMiddleware: true });
      const app = fastify();
      await app.register(fastifyTracing, { tracing });
      app.addHook("onRequest", function refuse(_request, reply, _done) {
        reply.raw.destroy();
      });
      app.get("/", async () => "ok");
      await app.inject("/").catch(() => {});
      await reporter.waitFor(2);
      assert.match(spanTree(reporter.spans), /^\nGET .*\n {2}refuse/);
    });

    test("two applications in one process, with settings of their own; the rest of the process is untraced", async () => {
      const one = traced({ tracedAttributes: ["method"] });
      const two = traced({ filter: (request: { url: string }) => request.url !== "/health" });
      for (const { tracing, reporter } of [one, two]) {
        const app = fastify();
        await app.register(fastifyTracing, { tracing });
        const active: boolean[] = [];
        for (const path of ["/a", "/health"]) {
          app.get(path, async () => void active.push(tracing.activeSpan() !== undefined));
        }
        await ask(app, "GET /a", "GET /health");
        assert.deepEqual(active, [true, reporter === one.reporter]);
      }
      const plain = fastify();
      plain.get("/a", async () => "plain");
      await ask(plain, "GET /a");
      assert.equal(
        spanTree(one.reporter.spans, { tags: ["method"] }),
        "\nGET /a  server 200 method=GET\nGET /health  server 200 method=GET",
      );
      assert.equal(spanTree(two.reporter.spans), "\nGET /a  server 200");
    });

    test("registered without await, it still comes before what is added behind it", async () => {
      const { tracing, reporter } = traced();
      const app = fastify();
      app.register(fastifyTracing, { tracing });
      app.addHook("onRequest", async () => void tracing.startActiveSpan("in the hook", () => {}));
      app.get("/:id", async () => {
        throw new Error("it fails");
      });
      await ask(app, "GET /7");
      await reporter.waitFor(2);
      assert.equal(spanTree(reporter.spans), "\nGET /:id  server 500 error=Error\n  in the hook");
    });

    test("registered with an encapsulated part, it traces that part", async () => {
      const { tracing, reporter } = traced();
      const app = fastify();
      app.get("/outside", async () => "outside");
      app.register(
        async (part) => {
          await part.register(fastifyTracing, { tracing });
          part.get("/inside", async () => "inside");
        },
        { prefix: "/part" },
      );
      await ask(app, "GET /outside", "GET /part/inside");
      await reporter.waitFor(1);
      assert.equal(spanTree(reporter.spans), "\nGET /part/inside  server 200");
    });

    test("on top of initTracing there is one span a request, by the settings of initTracing", async () => {
      const all = traced();
      const own = traced();
      const undo = traceServers(all.tracing.http);
      const app = fastify();
      await app.register(fastifyTracing, { tracing: own.tracing });
      app.get("/:id", async () => {
        throw new Error("it fails");
      });
      await ask(app, "GET /7");
      undo();
      await all.reporter.waitFor(1);
      assert.equal(
        spanTree(all.reporter.spans, { logs: true }),
        "\nGET /:id  server 500 error=Error\n  - error error.object=Error: it fails",
      );
      assert.equal(own.reporter.spans.length, 0);
    });

    test("where initTracing leaves requests alone, the plug-in starts their spans", async () => {
      const all = traced({ traceAll: false });
      const own = traced();
      const undo = traceServers(all.tracing.http);
      const app = fastify();
      await app.register(fastifyTracing, { tracing: own.tracing });
      app.get("/:id", async () => "ok");
      await ask(app, "GET /7");
      undo();
      await own.reporter.waitFor(1);
      assert.equal(spanTree(own.reporter.spans), "\nGET /:id  server 200");
    });

    test("without a tracing it names what others trace: an application made before initTracing", async () => {
      const { tracing, reporter } = traced();
      const app = fastify();
      const undo = traceServers(tracing.http);
      await app.register(fastifyTracing);
      app.addHook("onRequest", (request, reply, done) => {
        if (request.url === "/early") reply.code(401).send();
        else done();
      });
      app.get("/*", async () => "ok");
      await ask(app, "GET /7", "GET /early");
      undo();
      await reporter.waitFor(2);
      assert.equal(spanTree(reporter.spans), "\nGET /*  server 200\nGET /*  server 401");
    });

    test("without a tracing and without initTracing nothing is traced, and nothing is harmed", async () => {
      const app = fastify();
      await app.register(fastifyTracing, {});
      app.get("/", async () => "ok");
      const [answer] = await ask(app, "GET /");
      assert.match(answer!, /200 OK.*ok/s);
    });

    test("options of the wrong kind are refused, Fastify's own are none of ours", async () => {
      for (const [options, message] of [
        [{ tracing: {} as Tracing }, /fastifyTracing: tracing must be a Tracing object: new Tracing\(tracer\)/],
        [{ traceMiddleware: "yes" as never }, /fastifyTracing: traceMiddleware must be true or false, not "yes"/],
      ] as const) {
        const app = fastify();
        await assert.rejects(async () => app.register(fastifyTracing, options), message);
        await assert.doesNotReject(async () => app.close());
      }
      const app = fastify();
      await app.register(fastifyTracing, { prefix: "/a", logLevel: "warn" });
      await app.close();
    });

    test("traceMiddleware: hooks of all kinds have spans, and the request goes on in its own", async () => {
      const { tracing, reporter } = traced({ traceMiddleware: true });
      const app = fastify();
      await app.register(fastifyTracing, { tracing });
      const mark = (name: string) => tracing.startActiveSpan(name, () => {});
      app.addHook("onRequest", function authenticate(_request, _reply, done) {
        return setImmediate(() => {
          mark("inside");
          done();
        }) as unknown as undefined; // what is no promise counts for nothing
      });
      app.addHook("preParsing", async function unpack() {
        await tick();
      });
      app.addHook("preHandler", async (request) => {
        if (request.url === "/1?fail") throw new Error("the hook rejected");
      });
      app.addHook("onSend", (_request, _reply, _payload, done) => done(null, "changed"));
      app.get("/:id", { preHandler: [async function load() {}] }, async () => {
        mark("handler");
        return "ok";
      });
      const [first] = await ask(app, "GET /1", "GET /1?fail");
      assert.match(first!, /changed/);
      await reporter.waitFor(14);
      assert.deepEqual(
        reporter.spans.slice(0, 2).map(({ operationName }) => operationName),
        ["inside", "authenticate"],
      );
      assert.equal(
        spanTree(reporter.spans, { tags: ["middleware.type"] }),
        `
GET /:id  server 200
  authenticate  middleware.type=onRequest
    inside
  unpack  middleware.type=preParsing
  preHandler  middleware.type=preHandler
  load  middleware.type=preHandler
  handler
  onSend  middleware.type=onSend
GET /:id  server 500 error=Error
  authenticate  middleware.type=onRequest
    inside
  unpack  middleware.type=preParsing
  preHandler  error=Error middleware.type=preHandler
  onSend  middleware.type=onSend`,
      );
    });

    test("traceMiddleware: a hook that replies instead of going on, and what Fastify refuses", async () => {
      const { tracing, reporter } = traced();
      const undo = traceServers(new Tracing(tracing.tracer, { traceMiddleware: true }).http);
      const app = fastify();
      app.addHook("onRequest", function gate(_request, reply) {
        reply.code(403).send("no");
      } as (request: unknown, reply: { code(status: number): { send(text: string): void } }) => void);
      const wrong = async function wrong(_request: unknown, _reply: unknown, _done: unknown) {};
      app.get("/", async () => "ok");
      await ask(app, "GET /");
      undo();
      await reporter.waitFor(2);
      assert.equal(spanTree(reporter.spans), "\nGET /  server 403\n  gate");
      const other = fastify();
      assert.throws(() => other.addHook("onRequest", wrong as never), /Async function has too many arguments/);
    });

    test("traceMiddleware: false of the plug-in wins over initTracing", async () => {
      const { tracing, reporter } = traced({ traceMiddleware: true });
      const undo = traceServers(tracing.http);
      const app = fastify();
      await app.register(fastifyTracing, { tracing, traceMiddleware: false });
      app.addHook("onRequest", async function gate() {});
      app.get("/", async () => "ok");
      await ask(app, "GET /");
      undo();
      await reporter.waitFor(1);
      assert.equal(spanTree(reporter.spans), "\nGET /  server 200");
    });

    test("an error that comes after the end of the response does no harm", async () => {
      const { tracing, reporter } = traced();
      const before = diagnostics()["span.used_after_finish"] ?? 0;
      const app = fastify({ logger: false });
      await app.register(fastifyTracing, { tracing });
      let thrown: () => void;
      const late = new Promise<void>((resolve) => {
        thrown = resolve;
      });
      app.get("/", async (_request, reply) => {
        reply.send("ok");
        await reporter.waitFor(1);
        setImmediate(thrown);
        throw new Error("late");
      });
      await ask(app, "GET /");
      await late;
      assert.equal(spanTree(reporter.spans), "\nGET /  server 200");
      assert.equal(diagnostics()["span.used_after_finish"] ?? 0, before);
    });
  });
}

test("the plug-in has the types of both releases", () => {
  const { tracing } = traced();
  const register = (five: FastifyInstance, four: ReturnType<typeof fastify4>): unknown[] => [
    five.register(fastifyTracing, { tracing }),
    five.register(fastifyTracing, { tracing, traceMiddleware: true, prefix: "/a" }),
    four.register(fastifyTracing, { tracing }),
    // @ts-expect-error a tracer is no tracing
    five.register(fastifyTracing, { tracing: tracing.tracer }),
  ];
  assert.equal(typeof register, "function");
});
