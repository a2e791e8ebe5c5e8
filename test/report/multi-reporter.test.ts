// Several reporters as one.

import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryReporter, type Reporter } from "node-opentracing";
import { diagnostics, resetDiagnostics } from "#src/diagnostics.js";
import { MultiReporter } from "#src/report/multi-reporter.js";
import { span } from "./spans.js";

test("each reporter gets each span, whatever the others do", async () => {
  resetDiagnostics();
  const failing: Reporter = {
    report() {
      throw new Error("report");
    },
    flush: () => Promise.reject(new Error("flush")),
    close() {
      throw new Error("close");
    },
  };
  const [first, last] = [new MemoryReporter(), new MemoryReporter()];
  const reporter = new MultiReporter([first, failing, last]);
  reporter.report(span());
  await reporter.flush(10);
  await reporter.close();
  assert.equal(first.spans.length, 1);
  assert.equal(last.spans.length, 1);
  assert.deepEqual(diagnostics(), { "report.reporter_error": 3 });
});

test("what is no reporter is refused", () => {
  for (const wrong of [undefined, [undefined], [{}], [{ report() {} }]]) {
    assert.throws(() => new MultiReporter(wrong as Reporter[]), {
      name: "TypeError",
      message: /needs an? (array|reporter)/,
    });
  }
});
