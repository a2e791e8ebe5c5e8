// OpenTelemetry's HTTP instrumentations beside ours: one span a request, whichever patched first, and one warning.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { api } from "./api.js";
import { registered } from "./scene.js";

const app = fileURLToPath(new URL("http-app.js", import.meta.url));

interface Outcome {
  readonly tree: string;
  readonly warnings: readonly string[];
  readonly leftOut?: number;
  readonly ours: readonly boolean[];
}

async function run(...args: string[]): Promise<Outcome> {
  const { stdout } = await promisify(execFile)(process.execPath, [app, ...args], { timeout: 60_000 });
  return JSON.parse(stdout);
}

const ONE_A_REQUEST = `
program
  GET  client 200
    GET  server 200 by.api=true
      GET  client 200
        GET  server 200
          leaf work  seen=true
          request read
          response sent
      GET  client 200
        GET  server 200
          leaf work  seen=true
          request read
          response sent
      after`;

for (const order of ["ours-first", "theirs-first"]) {
  for (const form of ["require", "import"]) {
    test(`${order}, http by ${form}: one span a request, our ids on the wire, both APIs' spans below it, one warning`, async () => {
      const { tree, warnings, leftOut, ours } = await run(order, form);
      assert.equal(tree, ONE_A_REQUEST);
      assert.deepEqual(ours, [true, true, true]);
      assert.equal(leftOut, 6, "three requests, twice each");
      assert.equal(warnings.length, 1);
      assert.match(
        warnings[0]!,
        /switch off @opentelemetry\/instrumentation-http and @opentelemetry\/instrumentation-undici/,
      );
    });
  }

  for (const [traced, kept] of [
    ["servers-only", "clients"],
    ["clients-only", "servers"],
  ] as const) {
    test(`${order}, where we trace ${traced}, the instrumentations' spans of ${kept} stay, and are active`, async () => {
      const { tree, leftOut, ours } = await run(order, "require", traced);
      assert.equal(tree, ONE_A_REQUEST);
      assert.deepEqual(ours, [true, true, true]);
      assert.equal(leftOut, 3);
    });
  }
}

test("where we trace no requests, the instrumentations' spans are made as any library's", (t) => {
  const { tree } = registered(t);
  const http = api.trace.getTracer("@opentelemetry/instrumentation-http");
  http.startSpan("GET", { kind: api.SpanKind.SERVER }).end();
  http.startSpan("GET", { kind: api.SpanKind.CLIENT }).end();
  assert.equal(tree(), "\nGET  server\nGET  client");
});
