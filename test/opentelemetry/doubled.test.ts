// OpenTelemetry's HTTP instrumentations and initTracing in one process: one span a request, whoever comes first.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { NO_SDK_3 } from "./sdk.js";

const app = fileURLToPath(new URL("doubled-app.js", import.meta.url));

/** OpenTelemetry's loader, by which its instrumentations see what is imported. */
function loader(major: number): string {
  const folder = pathToFileURL(join(process.cwd(), "test", `opentelemetry-sdk${major}`, "index.js"));
  const hook = "@opentelemetry/instrumentation/hook.mjs";
  return `--import=data:text/javascript,import{register}from"node:module";register("${hook}","${folder}")`;
}

async function play(major: number, first: string, style: string, ...more: string[]) {
  const flags = style === "loader" ? [loader(major)] : [];
  const child = spawn(process.execPath, [...flags, app, String(major), first, style, ...more]);
  let output = "";
  let errors = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  await once(child, "close");
  assert.equal(child.exitCode, 0, errors);
  const told: { answer: string; tree: string; seen: number; doubled: number } = JSON.parse(output);
  return { ...told, warnings: errors.match(/\[instrumentation\.doubled\]/g)?.length };
}

/** The spans of Express's own instrumentation stay; who made the others is left out. */
const ONE_A_REQUEST = `
GET /orders/:id  server 200
  request handler  [instrumentation-express]
    GET  client 200
      GET /stock  server 200
        request handler  [instrumentation-express]
          count${" "}
    in the callback  [app]
    GET  client 200
      GET /moved  server 302
        request handler  [instrumentation-express]
      GET /stock  server 200
        request handler  [instrumentation-express]
          count${" "}
    GET  client 200
      GET /stock  server 200
        request handler  [instrumentation-express]
          count `;

for (const major of [2, 3]) {
  const skip = (major === 3 && NO_SDK_3) || false;
  for (const first of ["opentelemetry", "ours"]) {
    for (const style of ["require", "import", "loader"]) {
      test(`SDK ${major}, ${first} first, ${style}: one span a request, and one warning`, { skip }, async () => {
        const { answer, tree, seen, doubled, warnings } = await play(major, first, style);
        assert.equal(answer, "777");
        assert.equal(tree.replaceAll(/ \[instrumentation-(http|undici)\]/g, ""), ONE_A_REQUEST);
        assert.deepEqual([seen, warnings], [1, 1]);
        assert.ok(doubled >= 5, `${doubled}`);
      });
    }

    test(`SDK ${major}, ${first} first: what the sampler drops is dropped`, { skip }, async () => {
      const { answer, tree } = await play(major, first, "require", "dropped");
      assert.deepEqual([answer, tree], ["777", ""]);
    });
  }
}
