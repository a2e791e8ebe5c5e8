// Fastify over HTTP/2, without and with a plug-in.

import assert from "node:assert/strict";
import { once } from "node:events";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import type { FastifyInstance } from "fastify";
import { MemoryReporter, Tracer, Tracing } from "node-opentracing";
import { fastifyTracing } from "node-opentracing/fastify";
import { spanTree } from "node-opentracing/testing";
import { traceServers } from "#src/hosts/servers.js";
import { RELEASES } from "./contract-app.js";

for (const { name, fastify } of RELEASES) {
  for (const isPlugin of [false, true]) {
    test(`${name}, http2: true, ${isPlugin ? "by the plug-in" : "by initTracing"}`, async () => {
      const reporter = new MemoryReporter();
      const tracing = new Tracing(new Tracer({ reporter }));
      const undo = isPlugin ? () => {} : traceServers(tracing.http);
      const app = fastify({ http2: true } as object) as unknown as FastifyInstance;
      if (isPlugin) await app.register(fastifyTracing, { tracing });
      app.register(async (part) => void part.get("/:id", async () => tracing.startActiveSpan("child", () => "ok")), {
        prefix: "/orders",
      });
      app.post("/fails", async () => {
        throw new Error("it fails");
      });
      await app.listen({ port: 0, host: "127.0.0.1" });
      const session = http2.connect(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}`);
      for (const [method, path, body] of [
        ["GET", "/orders/7", ""],
        ["POST", "/fails", "{}"],
        ["GET", "/nowhere", ""],
      ] as const) {
        const stream = session.request({ ":method": method, ":path": path, "content-type": "application/json" });
        if (body !== "") stream.end(body);
        stream.resume();
        await once(stream, "close");
      }
      await reporter.waitFor(4);
      const closed = once(session, "close");
      session.close();
      await closed;
      await app.close();
      undo();
      await tracing.close();
      assert.equal(
        spanTree(reporter.spans, { tags: ["component"] }),
        `
GET /orders/:id  server 200 component=fastify
  child
POST /fails  server 500 error=Error component=fastify
GET  server 404 component=fastify`,
      );
    });
  }
}
