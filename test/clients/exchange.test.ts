// Spans whose end never comes: ended at a limit, at a flush, once.

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { MemoryReporter, Tracer, Tracing } from "node-opentracing";
import { spanTree } from "node-opentracing/testing";
import { Exchange, finishPendingSpans, PENDING_LIMIT, watchPending } from "#src/clients/exchange.js";
import { diagnostics } from "#src/diagnostics.js";
import { ClientHandler } from "#src/http/client-handler.js";

function exchange(reporter: MemoryReporter): Exchange {
  const handler = new ClientHandler(new Tracing(new Tracer({ reporter })).http);
  const request = { component: "test", method: "GET", url: "http://127.0.0.1/", source: undefined };
  return new Exchange(handler, handler.sending(request, undefined)!);
}

test("a response that nobody reads ends after the limit, not before, with the time of its headers", () => {
  mock.timers.enable({ apis: ["setInterval", "Date"], now: 1_800_000_000_000 });
  const reporter = new MemoryReporter();
  const undo = watchPending();
  try {
    const before = diagnostics()["client.unread_body"] ?? 0;
    const unread = exchange(reporter);
    const reading = exchange(reporter);
    unread.received(200);
    reading.received(200);
    reading.body = { readableDidRead: true, readableFlowing: false };
    mock.timers.tick(PENDING_LIMIT - 1);
    assert.equal(reporter.spans.length, 0);
    mock.timers.tick(1);
    assert.equal(spanTree(reporter.spans), "\nGET  client 200");
    assert.equal(diagnostics()["client.unread_body"], before + 1);
    mock.timers.tick(PENDING_LIMIT);
    assert.equal(reporter.spans.length, 1, "a body that is being read has all the time it needs");
    reading.end();
    assert.equal(reporter.spans.length, 2);
  } finally {
    undo();
    mock.timers.reset();
  }
});

test("a response that broke off ends at the limit, also where its reader holds it, when nothing fetches the rest", () => {
  mock.timers.enable({ apis: ["setInterval", "Date"], now: 1_800_000_000_000 });
  const reporter = new MemoryReporter();
  const undo = watchPending();
  try {
    const broken = exchange(reporter);
    broken.received(200);
    broken.body = { readableDidRead: true, readableFlowing: false };
    broken.suspended(Object.assign(new Error("other side closed"), { code: "UND_ERR_SOCKET" }));
    mock.timers.tick(PENDING_LIMIT);
    assert.equal(spanTree(reporter.spans), "\nGET  client 200 error=connection_reset");
  } finally {
    undo();
    mock.timers.reset();
  }
});

test("finishPendingSpans ends what has headers, leaves what has none, and nothing ends twice", () => {
  const reporter = new MemoryReporter();
  const answered = exchange(reporter);
  const unanswered = exchange(reporter);
  const before = diagnostics()["span.finished_twice"];
  answered.received(204);
  finishPendingSpans();
  assert.equal(spanTree(reporter.spans), "\nGET  client 204");
  answered.end();
  answered.failed(new Error("late"));
  unanswered.failed(new Error("refused"));
  assert.equal(spanTree(reporter.spans), "\nGET  client 204\nGET  client error=Error");
  assert.equal(diagnostics()["span.finished_twice"], before);
});
