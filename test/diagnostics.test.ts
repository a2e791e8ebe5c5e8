// What counters publish, and what comes of listeners that make spans themselves.

import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { type TestContext, test } from "node:test";
import { type DiagnosticsMessage, diagnostics, MemoryReporter, Tracer } from "node-opentracing";
import { resetDiagnostics, warn } from "#src/diagnostics.js";

test("a listener whose own spans are counted is told of the first, and all are counted", (t) => {
  const tracer = new Tracer({ reporter: new MemoryReporter() });
  const finishTwice = (): void => {
    const span = tracer.startSpan("a");
    span.finish();
    span.finish();
  };
  const heard: string[] = [];
  const listener = (message: unknown): void => {
    heard.push((message as DiagnosticsMessage).name);
    finishTwice();
  };
  subscribe("node-opentracing:diagnostics", listener);
  t.after(() => unsubscribe("node-opentracing:diagnostics", listener));
  const before = diagnostics()["span.finished_twice"] ?? 0;
  finishTwice();
  finishTwice();
  assert.deepEqual(heard, ["span.finished_twice", "span.finished_twice"]);
  assert.equal(diagnostics()["span.finished_twice"], before + 4);
});

test("warnings of one name with other texts come beside one another, five a minute", async (t) => {
  resetDiagnostics();
  t.after(resetDiagnostics);
  const warnings = heardWarnings(t);
  for (const variable of ["A", "B", "A", "C", "D", "E", "F"]) warn("environment.invalid", `${variable} is wrong`);
  await new Promise(setImmediate);
  assert.deepEqual(warnings, [
    "[environment.invalid] A is wrong",
    "[environment.invalid] B is wrong [2 so far]",
    "[environment.invalid] C is wrong [4 so far]",
    "[environment.invalid] D is wrong [5 so far]",
    "[environment.invalid] E is wrong [6 so far]",
  ]);
});

test("a text that came late in a minute does not come again in the next", async (t) => {
  resetDiagnostics();
  t.after(resetDiagnostics);
  const warnings = heardWarnings(t);
  t.mock.timers.enable({ apis: ["Date"] });
  warn("environment.invalid", "A");
  t.mock.timers.tick(59_000);
  warn("environment.invalid", "B");
  t.mock.timers.tick(1_000);
  for (const text of ["A", "B"]) warn("environment.invalid", text);
  await new Promise(setImmediate);
  assert.deepEqual(warnings, [
    "[environment.invalid] A",
    "[environment.invalid] B [2 so far]",
    "[environment.invalid] A [3 so far]",
  ]);
});

test("a warning tells how much its counter has by now, and comes once a minute for each name", async (t) => {
  resetDiagnostics();
  t.after(resetDiagnostics);
  const warnings = heardWarnings(t);
  t.mock.timers.enable({ apis: ["Date"] });
  warn("report.send_failed", "spans are lost", undefined, 512);
  warn("report.send_failed", "spans are lost", undefined, 100);
  warn("report.reporter_error", "the reporter threw", new RangeError("full"));
  t.mock.timers.tick(60_000);
  warn("report.send_failed", "spans are lost", undefined, 8);
  warn("report.reporter_error", "the reporter threw", new RangeError("full"));
  await new Promise(setImmediate); // warnings come a tick late
  assert.deepEqual(warnings, [
    "[report.send_failed] spans are lost [512 so far]",
    "[report.reporter_error] the reporter threw (RangeError: full)",
    "[report.send_failed] spans are lost [620 so far]",
    "[report.reporter_error] the reporter threw (RangeError: full) [2 so far]",
  ]);
});

function heardWarnings(t: TestContext): string[] {
  const warnings: string[] = [];
  const listener = ({ name, code, message }: Error & { code?: string }): void => {
    if (name === "OpenTracingWarning") warnings.push(`[${code}] ${message}`);
  };
  process.on("warning", listener);
  t.after(() => process.removeListener("warning", listener));
  return warnings;
}
