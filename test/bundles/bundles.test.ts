// Bundled into one file by esbuild and by Rollup, as an ES module and as CommonJS, an application has the spans it has unbundled.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import * as commonjs from "@rollup/plugin-commonjs";
import * as json from "@rollup/plugin-json";
import { nodeResolve } from "@rollup/plugin-node-resolve";
import { build } from "esbuild";
import { type Plugin, rollup } from "rollup";

const here = dirname(fileURLToPath(import.meta.url));
const app = join(here, "app.js");

const SPANS = `
GET  client 200
  GET /shops/:shop/orders/:id  server 200
    GET  client 200
      GET /stock/:item  server 200
        look up
GET  client 500 error
  GET /shops/:shop/broken  server 500 error=Error
GET  client 404
  GET  server 404
`;

/** Their types say that the module itself is the function, which it is not in an ES module. */
const plugin = (module: object): Plugin => (module as { default: () => Plugin }).default();

let folder = "";
before(async () => {
  // Inside the project: a bundle of ES modules leaves nothing to be looked up but Node's own modules.
  folder = await mkdtemp(join(here, "out-"));
});
after(() => rm(folder, { recursive: true }));

test("the application's spans, not bundled", async () => {
  assert.equal(await output(app), SPANS);
});

for (const [format, extension] of [
  ["esm", "mjs"],
  ["cjs", "cjs"],
] as const) {
  test(`esbuild, ${format}`, async () => {
    const outfile = join(folder, `esbuild.${extension}`);
    // CommonJS packages in an ES module ask for a require.
    const banner = 'import { createRequire as make } from "node:module"; const require = make(import.meta.url);';
    await build({
      entryPoints: [app],
      outfile,
      bundle: true,
      minify: true,
      platform: "node",
      format,
      logLevel: "error",
      ...(format === "esm" ? { banner: { js: banner } } : {}),
    });
    assert.equal(await output(outfile), SPANS);
  });

  test(`Rollup, ${format}`, async () => {
    const file = join(folder, `rollup.${extension}`);
    const bundle = await rollup({
      input: app,
      external: /^node:/,
      plugins: [nodeResolve({ preferBuiltins: true, exportConditions: ["node"] }), plugin(commonjs), plugin(json)],
      onwarn() {}, // circular imports in the frameworks
    });
    await bundle.write({ file, format, inlineDynamicImports: true });
    await bundle.close();
    assert.equal(await output(file), SPANS);
  });
}

test("esbuild, an ES module that leaves OpenTracing outside, without a require", async () => {
  const outfile = join(folder, "outside.mjs");
  const contents = `
    import { initTracing, MemoryReporter } from "node-opentracing";
    import opentracing from "opentracing";
    console.log(initTracing({ reporter: new MemoryReporter() }).tracer instanceof opentracing.Tracer);`;
  await build({
    stdin: { contents, resolveDir: here },
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    external: ["opentracing"],
    logLevel: "error",
  });
  assert.equal(await output(outfile), "true\n");
});

async function output(file: string): Promise<string> {
  const env = { ...process.env, NODE_OPTIONS: "" };
  const { stdout } = await promisify(execFile)(process.execPath, [file], { env, timeout: 60_000 });
  return stdout;
}
