// The client handler keeps whatever a tracer does wrong from the caller's request.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Tracing, type TracingOptions } from "node-opentracing";
import { Span } from "opentracing";
import { diagnostics } from "#src/diagnostics.js";
import { ClientHandler, type OutgoingRequest } from "#src/http/client-handler.js";

const REQUEST: OutgoingRequest = { component: "test", method: "GET", url: "http://a/", source: undefined };

function handlerOf(tracer: object, options: TracingOptions = {}): ClientHandler {
  const complete = { startSpan: () => new Span(), inject: () => {}, extract: () => null, ...tracer };
  return new ClientHandler(new Tracing(complete as never, options).http);
}

function tracerErrors(): number {
  return diagnostics()["tracer.error"] ?? 0;
}

test("a tracer that answers no span: counted, startSpanCb is not called, the request goes out untraced", () => {
  const before = tracerErrors();
  let calls = 0;
  for (const answer of [undefined, null, 5, {}]) {
    const handler = handlerOf({ startSpan: () => answer }, { startSpanCb: () => void calls++ });
    assert.equal(handler.sending(REQUEST, undefined), undefined);
  }
  assert.deepEqual([tracerErrors() - before, calls], [4, 0]);
});

test("a tracer that writes what is no header value: counted, the request goes out without headers", () => {
  const before = tracerErrors();
  const handler = handlerOf({
    inject: (_context: unknown, _format: string, carrier: object) => Object.assign(carrier, { a: Object.create(null) }),
  });
  assert.deepEqual(handler.headers(new Span()), {});
  assert.equal(tracerErrors() - before, 1);
});
