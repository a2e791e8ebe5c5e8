// Traces as trees in the terminal.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { FinishedSpan } from "node-opentracing";
import { ConsoleReporter, type ConsoleReporterOptions } from "#src/report/console-reporter.js";
import { traceText } from "#src/report/trace-text.js";
import { context, span } from "./spans.js";

const START = 1_763_800_000_000;

/** Spans of one trace, by number: parents are told by theirs, 0 for none. */
function numbered(id: number, parent: number, changes: Partial<FinishedSpan> = {}): FinishedSpan {
  return span({
    context: context(1, { spanId0: 0, spanId1: id }),
    parentSpanId1: parent,
    operationName: `span ${id}`,
    startTime: START + id,
    endTime: START + 10 + id,
    tags: [],
    ...changes,
  });
}

function printer(options: ConsoleReporterOptions = {}): { reporter: ConsoleReporter; text: () => string } {
  let text = "";
  const stream = { write: (more: string) => (text += more) };
  return { reporter: new ConsoleReporter({ stream, ...options }), text: () => text };
}

test("a trace is printed as a tree once its root has finished", () => {
  const { reporter, text } = printer({ serviceName: "shop" });
  const failed = { tags: ["span.kind", "client", "http.status_code", 503, "error", true], logs: [] };
  reporter.report(numbered(3, 2));
  reporter.report(numbered(2, 1));
  reporter.report(numbered(4, 1, failed));
  assert.equal(text(), "");
  reporter.report(numbered(1, 0, { tags: ["span.kind", "server", "http.status_code", 200] }));
  assert.equal(
    `\n${text()}`,
    `
trace 00000001ffffffff0000000300000005
shop  span 1  server 200               0.00 ms    10.00 ms
shop  ├─ span 2                        1.00 ms    10.00 ms
shop  │  └─ span 3                     2.00 ms    10.00 ms
shop  └─ span 4  client 503  ✗ 503     3.00 ms    10.00 ms
`,
  );
});

test("a span with a remote parent is a local root, printed a moment later; others of its trace wait for theirs", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { reporter, text } = printer();
  reporter.report(numbered(3, 2));
  reporter.report(numbered(5, 4));
  reporter.report(numbered(2, 9, { parentIsRemote: true }));
  t.mock.timers.tick(199);
  assert.equal(text(), "");
  t.mock.timers.tick(1);
  assert.match(text(), /span 2 {2}\(parent elsewhere\).*\n└─ span 3.*\n$/);
  assert.doesNotMatch(text(), /span 5/);
});

test("a process that calls itself is one tree: the remote parent is there before the moment has passed", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { reporter, text } = printer();
  reporter.report(numbered(3, 2, { parentIsRemote: true }));
  reporter.report(numbered(2, 1));
  reporter.report(numbered(1, 0));
  t.mock.timers.tick(200);
  assert.match(text(), /^trace.*\nspan 1.*\n└─ span 2.*\n {3}└─ span 3.*\n$/);
});

test("what has no root is printed by flush, and by close, and then no more", async () => {
  const { reporter, text } = printer();
  reporter.report(numbered(3, 2));
  await reporter.flush();
  assert.match(text(), /span 3 {2}\(parent elsewhere\)/);
  reporter.report(numbered(4, 2));
  await reporter.close();
  assert.match(text(), /span 4/);
  reporter.report(numbered(5, 0));
  assert.doesNotMatch(text(), /span 5/);
});

test("what has no root is printed after the time limit", async () => {
  let printed = (): void => {};
  const text = new Promise<string>((resolve) => {
    const stream = {
      write(more: string) {
        printed();
        resolve(more);
      },
    };
    new ConsoleReporter({ stream, timeLimit: 5 }).report(numbered(3, 2));
  });
  const alive = setInterval(() => {}, 1_000);
  printed = () => clearInterval(alive);
  assert.match(await text, /span 3/);
});

test("memory is bounded: beyond 10,000 waiting spans the oldest trace is printed", () => {
  const { reporter, text } = printer();
  for (let i = 1; i <= 10_000; i++) reporter.report(numbered(i, -1, { context: context(i) }));
  assert.equal(text(), "");
  reporter.report(numbered(10_001, -1, { context: context(10_001) }));
  assert.match(text(), /^trace .*\nspan 1 .*\n$/);
});

test("a stream that throws is counted and harms nobody", () => {
  const stream = {
    write() {
      throw new Error("EPIPE");
    },
  };
  new ConsoleReporter({ stream }).report(numbered(1, 0));
});

test("standard output whose reader has ended is counted, harms nobody, and fails as ever for others", async () => {
  const source = `
    import { ConsoleReporter, diagnostics, Tracer } from "node-opentracing";
    const tracer = new Tracer({ reporter: new ConsoleReporter() });
    const trace = () => {
      tracer.startSpan("work").finish();
      const { "report.send_failed": lost } = diagnostics();
      if (!lost) return setTimeout(trace, 5);
      process.on("uncaughtException", (error) => console.error("uncaught", error.code));
      setImmediate(() => {
        console.error("lost", process.stdout.listenerCount("error"));
        process.stdout.write("the application's own");
      });
    };
    trace();`;
  const child = spawn(
    "sh",
    ["-c", '"$0" --no-warnings --input-type=module --eval "$1" | head -n 1', process.execPath, source],
    {
      cwd: fileURLToPath(new URL("../../..", import.meta.url)),
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const outputs = [child.stdout, child.stderr].map((stream) => stream.setEncoding("utf8").toArray());
  const [printed, said] = (await Promise.all(outputs)).map((parts) => parts.join(""));
  assert.match(printed!, /^trace [0-9a-f]{32}\n$/);
  assert.equal(said, "lost 0\nuncaught EPIPE\n");
});

test("colours: on a terminal, and not with NO_COLOR", () => {
  const { reporter, text } = printer({ colours: true });
  reporter.report(numbered(1, 0, { tags: ["error", "broken"] }));
  assert.ok(text().includes("\u001b[31m✗ broken\u001b[0m"));
  for (const [isTTY, has, expected] of [
    [true, true, true],
    [true, false, false],
    [false, true, false],
  ]) {
    let written = "";
    const stream = { isTTY, hasColors: () => has, write: (more: string) => (written += more) };
    new ConsoleReporter({ stream }).report(numbered(1, 0));
    assert.equal(written.includes("\u001b"), expected);
  }
});

test("traceText draws any spans: several services, circles, doubles, and names that would move the cursor", () => {
  const line = { traceId: "t", startTime: 0, endTime: 1 };
  assert.equal(traceText([]), "");
  assert.equal(
    traceText([
      { ...line, spanId: "1", name: "a\u001b[2J\nb", service: "gateway", endTime: 12_345 },
      { ...line, spanId: "2", parentSpanId: "1", name: "x", service: "stock", error: "" },
      { ...line, spanId: "2", parentSpanId: "1", name: "twice" },
      { ...line, spanId: "3", parentSpanId: "4", name: "circle" },
      { ...line, spanId: "4", parentSpanId: "3", name: "circle" },
    ]),
    `trace t
gateway  a [2J b                        0.00 ms    12.35 s 
stock    ├─ x  ✗ error                  0.00 ms     1.00 ms
         └─ twice                       0.00 ms     1.00 ms
         circle  (parent elsewhere)     0.00 ms     1.00 ms
         └─ circle                      0.00 ms     1.00 ms
`,
  );
  const deep = Array.from({ length: 2_000 }, (_, i) => ({
    ...line,
    spanId: `${i + 1}`,
    parentSpanId: `${i}`,
    name: "n",
  }));
  assert.equal(traceText(deep).split("\n").length, 2_002);
});
