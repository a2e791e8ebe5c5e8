// Makes of the compiled modules what is published: one file with all that `node-opentracing` needs, for Node reads, links and
// compiles one file in less than half of the time of 150; the other entry points beside it; and for the tests a file
// per module under .build/internal, through which "#src/..." reaches the very code that is published.

import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";

/** Writes dist/ and .build/internal/ from .build/src/, unless they are newer. Types are there already: the compiler writes them. */
export async function bundle(root) {
  const made = join(root, "dist", "chunks", "main.js");
  const madeOf = [".build/src.tsbuildinfo", "package.json", "scripts/bundle.mjs"].map((name) => join(root, name));
  if (existsSync(made) && madeOf.every((name) => statSync(name).mtimeMs < statSync(made).mtimeMs)) return;

  const { rollup } = await import("rollup"); // these come with `install`
  const { minify } = await import("terser");
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const published = new Set(Object.values(exports).map((one) => one.default));
  const from = join(root, ".build", "src");
  const modules = readdirSync(from, { recursive: true })
    .filter((name) => name.endsWith(".js"))
    .filter((name) => existsSync(join(root, "src", name.replace(/\.js$/, ".ts"))))
    .map((name) => name.slice(0, -".js".length));
  const options = { external: (id) => !/^[./]/.test(id), onLog };
  const main = new Set((await rollup({ ...options, input: join(from, "index.js") })).watchFiles);

  const whole = await rollup({
    ...options,
    input: Object.fromEntries(modules.map((name) => [name, join(from, name)])),
  });
  rmSync(join(root, "dist", "chunks"), { recursive: true, force: true });
  rmSync(join(root, ".build", "internal"), { recursive: true, force: true });
  await whole.write({
    dir: root,
    format: "es",
    entryFileNames: ({ name }) => (published.has(`./dist/${name}.js`) ? "dist/[name].js" : ".build/internal/[name].js"),
    chunkFileNames: "dist/chunks/[name].js",
    manualChunks(id) {
      if (main.has(id)) return "main";
      const name = relative(from, id);
      if (published.has(`./dist/${name}`)) return undefined; // is a file of its own
      return dirname(name) === "." ? name.replace(/\.js$/, "") : dirname(name);
    },
    hoistTransitiveImports: false,
    minifyInternalExports: false,
    // No name changes: those of functions and classes are seen from outside, and stack traces are read.
    plugins: [{ name: "without comments, one byte a character", renderChunk: (code) => minify(code, PRINTED) }],
  });
}

const PRINTED = {
  module: true,
  compress: false,
  mangle: false,
  format: { beautify: true, comments: false, ascii_only: true },
};

/** A module of types alone has no code, which is no fault. */
function onLog(level, log) {
  if (log.code !== "EMPTY_BUNDLE") throw new Error(`${level}: ${log.message}`);
}
