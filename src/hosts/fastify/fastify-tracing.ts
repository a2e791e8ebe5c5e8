// node-opentracing/fastify: the plug-in that traces one Fastify application, or a part of it.

import type { HttpTracing } from "../../http/http-tracing.ts";
import { checkPluginOptions, type PluginOptions } from "../plugin-options.ts";
import { beginRequest } from "../servers.ts";
import { tracedOf } from "../traced-request.ts";
import { ownHook, spanHooks } from "./hooks.ts";
import { type Done, type FastifyInstance, type FastifyReply, type FastifyRequest, traceInstance } from "./instance.ts";

export type { PluginOptions } from "../plugin-options.ts";

/**
 * Traces the instance it is registered with, and all that is encapsulated in it. For Fastify 4 and 5; `fastify-plugin` is not
 * needed. Register it first: what is registered before is outside of the span.
 *
 *     await app.register(fastifyTracing, { tracing: new Tracing(tracer) });
 *
 * A request that has a span already, by `initTracing` or `traceServer`, keeps that one. Without `tracing`, only routes and errors
 * are added to such spans.
 *
 * Refused with a TypeError where an option of ours is of the wrong kind; Fastify's own, such as `prefix`, come along.
 */
export function fastifyTracing(instance: object, options: PluginOptions, done: (error?: Error) => void): void {
  const { tracing, traceMiddleware } = options;
  try {
    checkPluginOptions("fastifyTracing", { tracing, traceMiddleware });
  } catch (error) {
    done(error as Error);
    return;
  }
  const http = tracing?.http;
  const fastify = instance as FastifyInstance;
  if (http !== undefined) fastify.addHook("onRequest", starter(http));
  traceInstance(fastify);
  if (traceMiddleware !== undefined || http?.traceMiddleware) spanHooks(fastify, traceMiddleware);
  done();
}

// What `fastify-plugin` would set: without the first, only routes registered inside of the plug-in would be traced.
Object.assign(fastifyTracing, {
  [Symbol.for("skip-override")]: true,
  [Symbol.for("fastify.display-name")]: "node-opentracing",
});

function starter(http: HttpTracing): unknown {
  return ownHook(function startSpan(request: FastifyRequest, reply: FastifyReply, done: Done): void {
    if (tracedOf(request.raw) !== undefined) done();
    // All further hooks and the handler run inside of `done`.
    else http.scope.run(beginRequest(http, request.raw, reply.raw), done);
  });
}
