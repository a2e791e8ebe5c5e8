// How processes end: real ones, with their exit codes, signals and times.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { type BackEnd, closedEndpoint, startBackEnd } from "./back-end.js";
import { decodeProtobuf, spansOf } from "./otlp-decoder.js";

/** Milliseconds that a flush may take: so many that a busy machine cannot be mistaken for a process that waits. */
const LIMIT = 2_000;

test("beforeExit: the last spans are delivered, the exit code stays", async (t) => {
  const backEnd = await startBackEnd(t);
  const { code } = await run(backEnd.endpoint, "process.exitCode = 3; finish();");
  assert.equal(code, 3);
  assert.equal(arrived(backEnd), 1);
});

test("beforeExit: spans that an application's own beforeExit makes are delivered too", async (t) => {
  const backEnd = await startBackEnd(t);
  const { code } = await run(backEnd.endpoint, 'finish(); process.once("beforeExit", () => setTimeout(finish, 5));');
  assert.equal(code, 0);
  assert.equal(arrived(backEnd), 2);
});

test("beforeExit: a back end that hangs costs the time limit at most, once", async (t) => {
  const backEnd = await startBackEnd(t, () => {});
  const { code, elapsed } = await run(backEnd.endpoint, "finish();");
  assert.equal(code, 0);
  assert.equal(backEnd.requests.length, 1);
  assert.ok(elapsed < LIMIT * 1.9, `${elapsed} ms`);
});

test("beforeExit: a reporter that takes its time for every flush costs the time limit at most", async () => {
  const code = "undo(); flushAtExit(() => new Promise((resolve) => setTimeout(resolve, 50)), 200);";
  const { code: exitCode, elapsed } = await run(await closedEndpoint(), code);
  assert.equal(exitCode, 0);
  assert.ok(elapsed < LIMIT, `${elapsed} ms`);
});

test("beforeExit: a back end that is down costs next to nothing", async () => {
  const { code, elapsed } = await run(await closedEndpoint(), "finish();");
  assert.equal(code, 0);
  assert.ok(elapsed < LIMIT * 0.7, `${elapsed} ms`);
});

test("a reporter that waits for its batch keeps no process alive", async () => {
  const { elapsed } = await run(await closedEndpoint(), "undo(); finish();");
  assert.ok(elapsed < LIMIT * 0.7, `${elapsed} ms`);
});

test("a reporter whose request is under way keeps no process alive", async (t) => {
  const backEnd = await startBackEnd(t, () => {});
  const { code, elapsed } = await run(backEnd.endpoint, "undo(); for (let i = 0; i < 600; i++) finish();");
  assert.equal(code, 0);
  assert.ok(elapsed < LIMIT * 0.7, `${elapsed} ms`);
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`${signal}: spans are delivered, then the process dies by the signal`, async (t) => {
    const backEnd = await startBackEnd(t);
    const result = await run(backEnd.endpoint, "finish(); setInterval(() => {}, 1e6); ready();", [signal]);
    assert.deepEqual([result.code, result.signal], [null, signal]);
    assert.equal(arrived(backEnd), 1);
  });

  test(`${signal}: with a back end that hangs the process dies by it within the time limit`, async (t) => {
    const backEnd = await startBackEnd(t, () => {});
    const result = await run(backEnd.endpoint, "finish(); setInterval(() => {}, 1e6); ready();", [signal]);
    assert.deepEqual([result.code, result.signal], [null, signal]);
    assert.ok(result.elapsed < LIMIT * 1.9, `${result.elapsed} ms`);
  });

  test(`${signal}: a second one ends the process at once`, async (t) => {
    const backEnd = await startBackEnd(t, () => {});
    const result = await run(backEnd.endpoint, "finish(); setInterval(() => {}, 1e6); ready();", [signal, signal], () =>
      backEnd.waitFor(1),
    );
    assert.deepEqual([result.code, result.signal], [null, signal]);
    assert.ok(result.elapsed < LIMIT * 0.9, `${result.elapsed} ms`);
  });

  test(`${signal}: an application that listens has the say`, async (t) => {
    const backEnd = await startBackEnd(t);
    const code = `finish(); const keep = setInterval(() => {}, 1e6); process.once("${signal}", () => {
      clearInterval(keep); process.exitCode = 5; finish(); }); ready();`;
    const result = await run(backEnd.endpoint, code, [signal]);
    assert.deepEqual([result.code, result.signal], [5, null]);
    assert.equal(arrived(backEnd), 2);
  });
}

test("beforeExit: what a flush on a signal took is not missing from the time for the last spans", async (t) => {
  const backEnd = await startBackEnd(t, (response) => {
    if (backEnd.requests.length > 1) response.end();
  });
  const code = `finish(); const keep = setInterval(() => {}, 1e6); process.on("SIGINT", () => {
    setTimeout(() => { clearInterval(keep); finish(); }, ${LIMIT + 200}); }); ready();`;
  const { code: exitCode } = await run(backEnd.endpoint, code, ["SIGINT"]);
  assert.equal(exitCode, 0);
  assert.equal(arrived(backEnd), 2);
});

test("process.exit in a SIGTERM listener ends the process with its code", async (t) => {
  const backEnd = await startBackEnd(t);
  const code = 'finish(); setInterval(() => {}, 1e6); process.on("SIGTERM", () => process.exit(6)); ready();';
  const result = await run(backEnd.endpoint, code, ["SIGTERM"]);
  assert.deepEqual([result.code, result.signal], [6, null]);
});

test("a listener that kills the process when it is the only one still does", async (t) => {
  const backEnd = await startBackEnd(t, () => {});
  const code = `finish(); setInterval(() => {}, 1e6); process.on("SIGINT", function only() {
    if (process.listenerCount("SIGINT") === 1) { process.removeListener("SIGINT", only); process.kill(process.pid, "SIGINT"); } });
    ready();`;
  const result = await run(backEnd.endpoint, code, ["SIGINT"]);
  assert.deepEqual([result.code, result.signal], [null, "SIGINT"]);
});

test("an unhandled rejection, an exception and process.exit keep their exit codes", async (t) => {
  const backEnd = await startBackEnd(t);
  assert.equal((await run(backEnd.endpoint, 'finish(); Promise.reject(new Error("x"));')).code, 1);
  assert.equal((await run(backEnd.endpoint, 'finish(); throw new Error("x");')).code, 1);
  assert.equal((await run(backEnd.endpoint, "finish(); process.exit(7);")).code, 7);
});

test("await close, then process.exit: everything is delivered", async (t) => {
  const backEnd = await startBackEnd(t);
  const { code } = await run(backEnd.endpoint, "finish(); await tracer.close(); process.exit(7);");
  assert.equal(code, 7);
  assert.equal(arrived(backEnd), 1);
});

test("after undo nothing listens any more", async (t) => {
  const backEnd = await startBackEnd(t);
  const code = "finish(); undo(); setInterval(() => {}, 1e6); ready();";
  const result = await run(backEnd.endpoint, code, ["SIGTERM"]);
  assert.deepEqual([result.code, result.signal], [null, "SIGTERM"]);
  assert.equal(arrived(backEnd), 0);
});

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Milliseconds from when it was ready (or had started) to its end. */
  readonly elapsed: number;
}

/** Runs code in a process that has `finish()` and `ready()`; once it is ready sends the signals, with `between` between them. */
async function run(
  endpoint: string,
  code: string,
  signals: readonly NodeJS.Signals[] = [],
  between: () => Promise<void> = async () => {},
): Promise<Ended> {
  const source = `
    import { Tracer } from "node-opentracing";
    import { OtlpReporter } from "#src/report/otlp-reporter.js";
    import { flushAtExit } from "#src/report/exit-flush.js";
    const reporter = new OtlpReporter({ endpoint: ${JSON.stringify(endpoint)} });
    const tracer = new Tracer({ reporter });
    const undo = flushAtExit((limit) => reporter.flush(limit), ${LIMIT});
    const finish = () => tracer.startSpan("work").finish();
    const ready = () => console.log("ready");
    console.log("started");
    ${code}`;
  const child = spawn(process.execPath, ["--no-warnings", "--input-type=module", "--eval", source], {
    cwd: fileURLToPath(new URL("../../..", import.meta.url)),
    stdio: ["ignore", "pipe", "ignore"],
  });
  let started = 0;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    started ||= performance.now();
    if (text.includes("ready")) {
      started = performance.now();
      void sendSignals();
    }
  });
  async function sendSignals(): Promise<void> {
    for (const [i, signal] of signals.entries()) {
      if (i > 0) await between(); // two at once would be one
      child.kill(signal);
    }
  }
  const [exitCode, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  return { code: exitCode, signal, elapsed: performance.now() - started };
}

function arrived(backEnd: BackEnd): number {
  return backEnd.requests.reduce((sum, { body }) => sum + spansOf(decodeProtobuf(body)).length, 0);
}
