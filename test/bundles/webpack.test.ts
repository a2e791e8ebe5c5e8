// Bundled by webpack for production, where the optional peers are not installed, an application is built without a warning, and finds tracers by name.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import webpack from "webpack";
import { installInto } from "../packed.js";

const APP = `
import { createServer, get } from "node:http";
import { initTracing, MemoryReporter } from "node-opentracing";

const [tracerCallable] = process.argv.slice(2);
const reporter = new MemoryReporter();
try {
  const tracing = initTracing(tracerCallable === undefined ? { reporter } : { tracerCallable });
  const server = createServer((request, response) => response.end()).listen(0, "127.0.0.1", () => {
    get({ port: server.address().port, agent: false }, (response) => {
      response.resume().on("end", () => {
        server.close(() => {
          console.log(tracerCallable === undefined ? reporter.spans.length + " spans" : tracing.tracer.constructor.name);
        });
      });
    });
  });
} catch (error) {
  console.log(error.message);
}
`;

let folder = "";
before(() => {
  // Outside the checkout, which has the optional peers.
  folder = mkdtempSync(join(tmpdir(), "node-opentracing-webpack-"));
  installInto(folder);
  writeFileSync(join(folder, "app.mjs"), APP);
});
after(() => rmSync(folder, { recursive: true }));

for (const [format, extension, output] of [
  ["CommonJS", "cjs", {}],
  ["an ES module", "mjs", { module: true, chunkFormat: "module", library: { type: "module" } }],
] as const) {
  test(`webpack, as ${format}`, async () => {
    const filename = `bundle.${extension}`;
    const compiler = webpack({
      mode: "production",
      target: "node20",
      context: folder,
      entry: "./app.mjs",
      output: { path: folder, filename, ...output },
      optimization: { minimize: false }, // so that the names below are there
      experiments: { outputModule: extension === "mjs" },
    })!;
    const stats = (await promisify(compiler.run.bind(compiler))())!;
    const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
    assert.deepEqual([errors, warnings], [[], []]);
    assert.doesNotMatch(readFileSync(join(folder, filename), "utf8"), /class OpenTelemetrySpan\b/); // needs its API

    const run = (...args: string[]): string =>
      execFileSync(process.execPath, [filename, ...args], {
        cwd: folder,
        stdio: ["ignore", "pipe", "inherit"],
      }).toString();
    assert.equal(run(), "2 spans\n");
    assert.equal(run("opentracing:MockTracer"), "MockTracer\n");
    assert.match(run("jaeger-client:initTracer"), /jaeger-client is not installed; run: npm install jaeger-client/);
    assert.match(run("opentelemetry"), /@opentelemetry\/api is not installed; run: npm install @opentelemetry\/api/);
  });
}
