// h3's plug-in by itself: one application alone, two side by side, and what is left without it.

import assert from "node:assert/strict";
import http, { type Server } from "node:http";
import { test } from "node:test";
import { H3, type H3Plugin, serve } from "h3";
import { toNodeHandler } from "h3/node";
import { h3Tracing } from "node-opentracing/h3";
import { traceServers } from "#src/hosts/servers.js";
import { listening, takeTree, tracingTo } from "../listening.js";

const SHOWN = { logs: true, tags: ["component", "service"] };

function orders(...plugins: H3Plugin[]): H3 {
  return new H3({ silent: true, plugins }).get("/orders/:id", () => "order");
}

function serverOf(app: H3): Server {
  return http.createServer(toNodeHandler(app));
}

test("one application is traced alone, and the next server is not", async (t) => {
  const { reporter, tracing } = tracingTo(t);
  const alone = await listening(t, serverOf(orders(h3Tracing({ tracing }))));
  const other = await listening(t, serverOf(orders(h3Tracing())));
  await other.ask("GET /orders/1");
  await alone.ask("GET /orders/2");
  assert.equal(await takeTree(reporter, 1, SHOWN), "\nGET /orders/:id  server 200 component=h3");
  assert.equal(reporter.spans.length, 0);
});

test("two applications in one process, each with its own settings", async (t) => {
  const shop = tracingTo(t, { startSpanCb: (span) => void span.setTag("service", "shop") });
  const stock = tracingTo(t, { filter: ({ url }) => url !== "/orders/health", operationName: () => "stock" });
  const first = await listening(t, serverOf(orders(h3Tracing({ tracing: shop.tracing }))));
  const second = await listening(t, serverOf(orders(h3Tracing({ tracing: stock.tracing }))));
  await Promise.all([first.ask("GET /orders/1"), second.ask("GET /orders/2"), second.ask("GET /orders/health")]);
  assert.equal(await takeTree(shop.reporter, 1, SHOWN), "\nGET /orders/:id  server 200 component=h3 service=shop");
  assert.equal(await takeTree(stock.reporter, 1, SHOWN), "\nstock  server 200 component=h3");
  assert.equal(stock.reporter.spans.length, 0);
});

test("where the process is traced too, a request has one span: that of the process", async (t) => {
  const everywhere = tracingTo(t);
  const own = tracingTo(t);
  t.after(traceServers(everywhere.tracing.http));
  await (await listening(t, serverOf(orders(h3Tracing({ tracing: own.tracing }))))).ask("GET /orders/1");
  assert.equal(await takeTree(everywhere.reporter), "\nGET /orders/:id  server 200");
  assert.equal(own.reporter.spans.length, 0);
});

test("serve() of h3 is traced as toNodeHandler() is", async (t) => {
  const { reporter, tracing } = tracingTo(t);
  const served = serve(orders(h3Tracing({ tracing })), { port: 0, hostname: "127.0.0.1", silent: true });
  await served.ready();
  const { ask } = await listening(t, served.node!.server as Server);
  await ask("GET /orders/1");
  assert.equal(await takeTree(reporter), "\nGET /orders/:id  server 200");
});

test("without the plug-in, the name is the method and the component node:http", async (t) => {
  const { reporter, tracing } = tracingTo(t);
  t.after(traceServers(tracing.http));
  await (await listening(t, serverOf(orders()))).ask("GET /orders/1");
  assert.equal(await takeTree(reporter, 1, SHOWN), "\nGET  server 200 component=node:http");
});

test("the span is found by the event, and a name that the user gives it is kept", async (t) => {
  const { reporter, tracing } = tracingTo(t);
  const app = new H3({ plugins: [h3Tracing({ tracing })] }).get("/orders/:id", (event) => {
    tracing.getSpan(event)!.setOperationName("mine");
    return "order";
  });
  await (await listening(t, serverOf(app))).ask("GET /orders/1");
  assert.equal(await takeTree(reporter), "\nmine  server 200");
});

test("app.request() has no Node: the plug-in lets it pass, with and without a Tracing object", async (t) => {
  const { reporter, tracing } = tracingTo(t);
  for (const plugin of [h3Tracing(), h3Tracing({ tracing })]) {
    assert.equal(await (await orders(plugin).request("/orders/1")).text(), "order");
  }
  assert.equal(reporter.spans.length, 0);
});

test("wrong options are refused with what to write instead", () => {
  assert.throws(() => h3Tracing({ tracing: {} } as never), /h3Tracing: tracing must be a Tracing object: new Tracing/);
});
