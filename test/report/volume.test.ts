// A million spans: all arrive where the back end takes them, and are counted where it is down. Memory stays flat.

import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Tracer } from "node-opentracing";
import { diagnostics, resetDiagnostics } from "#src/diagnostics.js";
import { OtlpReporter } from "#src/report/otlp-reporter.js";
import { closedEndpoint } from "./back-end.js";

const SPANS = 1_000_000;
const MEGABYTE = 1024 * 1024;

test("1,000,000 spans arrive at a sink in another process, and the heap stays flat", async (t) => {
  resetDiagnostics();
  const sink = fork(fileURLToPath(import.meta.resolve("./counting-sink.js")));
  t.after(() => sink.disconnect());
  const [{ port }] = (await once(sink, "message")) as [AddressInfo];
  const reporter = new OtlpReporter({ endpoint: `http://127.0.0.1:${port}/v1/traces` });
  const tracer = new Tracer({ reporter });

  const heaps: number[] = [];
  const started = performance.now();
  for (let i = 0; i < SPANS; i++) {
    finishOne(tracer, i);
    if (i % 10_000 === 9_999) await reporter.flush();
    if (i % 100_000 === 99_999) heaps.push(heapUsed());
  }
  const elapsed = performance.now() - started;
  await reporter.close();

  const arrived = await (await fetch(`http://127.0.0.1:${port}/`)).text();
  assert.equal(Number(arrived), SPANS);
  assert.deepEqual(diagnostics(), {});
  const growth = Math.max(...heaps.slice(1)) - heaps[0]!;
  t.diagnostic(`${Math.round((SPANS / elapsed) * 1000)} spans/s, heap growth ${(growth / MEGABYTE).toFixed(2)} MB`);
  assert.ok(growth < 5 * MEGABYTE, `the heap grew by ${growth} bytes`);
});

test("with the sink down 1,000,000 spans are dropped, every one counted, in bounded memory and time", async (t) => {
  resetDiagnostics();
  const reporter = new OtlpReporter({ endpoint: await closedEndpoint() });
  const tracer = new Tracer({ reporter });

  const heaps: number[] = [];
  let buffers = 0;
  const started = performance.now();
  for (let i = 0; i < SPANS; i++) {
    finishOne(tracer, i);
    if (i % 1_000 === 999) await nextTurn();
    if (i % 100_000 === 99_999) {
      heaps.push(heapUsed());
      buffers = Math.max(buffers, process.memoryUsage().arrayBuffers);
    }
  }
  const closing = performance.now();
  await reporter.close();
  const [elapsed, closed] = [closing - started, performance.now() - closing];

  const counted = diagnostics();
  t.diagnostic(
    `${elapsed.toFixed(0)} ms, close ${closed.toFixed(0)} ms, ${JSON.stringify(counted)}, ${buffers} bytes of buffers`,
  );
  assert.equal((counted["report.queue_full"] ?? 0) + (counted["report.send_failed"] ?? 0), SPANS);
  assert.ok(Math.max(...heaps.slice(1)) - heaps[0]! < 5 * MEGABYTE);
  assert.ok(buffers < 40 * MEGABYTE, `${buffers} bytes of buffers`);
  assert.ok(closed < 5_000, `close took ${closed} ms`);
});

function finishOne(tracer: Tracer, i: number): void {
  const span = tracer.startSpan("GET /orders/:id");
  span.setTag("span.kind", "server").setTag("component", "node:http").setTag("http.method", "GET");
  span.setTag("http.url", "/orders/7?page=2").setTag("http.status_code", 200).setTag("http.route", "/orders/:id");
  span.setTag("http.scheme", "http").setTag("http.host", "shop.example:8080").setTag("user.id", i).setTag("vip", true);
  span.finish();
}

function heapUsed(): number {
  globalThis.gc!();
  return process.memoryUsage().heapUsed;
}
