// The `ts` block of docs/fastify.md about one application alone, run.

import assert from "node:assert/strict";
import { test } from "node:test";
import fastify from "fastify";
import { ConsoleReporter, Tracer, Tracing } from "node-opentracing";
import { fastifyTracing } from "node-opentracing/fastify";

test("docs/fastify.md: one application alone", async () => {
  const tracing = new Tracing(new Tracer({ reporter: new ConsoleReporter() }), { tracedAttributes: ["method"] });

  const app = fastify();
  await app.register(fastifyTracing, { tracing });
  app.get("/orders/:id", async (request) => {
    assert.equal(tracing.getSpan(request), tracing.activeSpan());
    return "order";
  });
  assert.equal((await app.inject("/orders/7")).body, "order");
  await app.close();
  await tracing.close();
});
