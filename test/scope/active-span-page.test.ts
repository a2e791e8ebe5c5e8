// docs/active-span.md: its examples run, and trace what the page shows.

import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { AsyncScopeManager, MemoryReporter, Tracer, Tracing } from "node-opentracing";
import { spanTree } from "node-opentracing/testing";
import { followsFrom } from "opentracing";
import { diagnostics, resetDiagnostics } from "#src/diagnostics.js";

const page = readFileSync("docs/active-span.md", "utf8");
const examples = [...page.matchAll(/^```js\n(.*?)^```\n```text\n(.*?)^```$/gms)];
const AsyncFunction = (async () => {}).constructor as new (...args: string[]) => (...args: unknown[]) => Promise<void>;

test("every example of the page has its picture", () => {
  assert.ok(examples.length > 0);
  assert.equal(page.split("```js").length - 1, examples.length);
});

for (const [, code, picture] of examples) {
  test(`the page is right about: ${code!.replace(/^import .*\n+/gm, "").split("\n")[0]}`, async () => {
    resetDiagnostics();
    const reporter = new MemoryReporter();
    const scopeManager = new AsyncScopeManager();
    const tracing = new Tracing(new Tracer({ reporter }), { scopeManager });
    const given = { tracing, scopeManager, EventEmitter, followsFrom, charge: async () => {} };
    const body = code!.replace(/^import .*\n/gm, ""); // what it names is given
    await new AsyncFunction(...Object.keys(given), body)(...Object.values(given));
    assert.equal(spanTree(reporter.spans, { logs: true }), `\n${picture!.trimEnd()}`);
    assert.deepEqual(diagnostics(), {});
  });
}
