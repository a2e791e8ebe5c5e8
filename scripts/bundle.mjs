// Makes of the compiled modules what is published: one file with all that `node-opentracing` needs, for Node reads, links and
// compiles one file in less than half of the time of 150; the other entry points beside it; and for the tests a file
// per module under .build/internal, through which "#src/..." reaches the very code that is published.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, posix, relative } from "node:path";

/** What begins the name of a module that passes on another. Internal files are such, or Rollup would put a module's code there. */
const PASSED_ON = "\0passed-on:";
const MADE_OF = [".build/src.tsbuildinfo", "package.json", "package-lock.json", "scripts/bundle.mjs"];

/** Writes dist/ and .build/internal/ from .build/src/, unless they are newer. Types are there already: the compiler writes them. */
export async function bundle(root) {
  const stamp = join(root, ".build", "bundle.stamp");
  if (existsSync(stamp) && MADE_OF.every((name) => mtime(join(root, name)) < mtime(stamp))) return;

  const { rollup } = await import("rollup"); // these come with `install`
  const { minify } = await import("terser");
  const from = join(root, ".build", "src");
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const published = new Set(Object.values(exports).map((one) => one.default));
  const isPublished = (name) => published.has(`./dist/${name}.js`);
  const modules = files(from, ".js").filter((name) => existsSync(join(root, "src", `${name}.ts`)));
  const options = { external: (id) => !/^[./\0]/.test(id), onLog };

  const alone = await rollup({ ...options, input: join(from, "index.js") });
  const main = new Set(alone.watchFiles);
  await alone.close();
  const whole = await rollup({
    ...options,
    input: Object.fromEntries(modules.map((name) => [name, isPublished(name) ? join(from, name) : PASSED_ON + name])),
    plugins: [{ name: "passed on", resolveId: (id) => (id.startsWith(PASSED_ON) ? id : undefined), load }],
  });
  const generated = await whole.generate({
    dir: root,
    format: "es",
    entryFileNames: ({ name }) => (isPublished(name) ? "dist/[name].js" : ".build/internal/[name].js"),
    // As far from dist/ as it is: src/bindings/opentelemetry.ts loads "../opentelemetry/index.js".
    chunkFileNames: "dist/chunks/[name].js",
    manualChunks(id) {
      if (id.startsWith(PASSED_ON)) return undefined;
      if (main.has(id)) return "main";
      const name = relative(from, id).replace(/\.js$/, "");
      if (isPublished(name)) return undefined; // is a file of its own
      return dirname(name) === "." ? name : dirname(name).replaceAll("/", "-");
    },
    hoistTransitiveImports: false,
    minifyInternalExports: false,
    // Names stay: those of functions and classes are seen from outside, and stack traces are read.
    plugins: [
      { name: "Node's modules as objects", renderChunk: (code) => builtinsAsObjects(code) },
      { name: "without comments, one byte a character", renderChunk: (code) => minify(code, PRINTED) },
    ],
  });
  await whole.close();
  const output = generated.output.filter(({ isEntry, code }) => isEntry || code.trim() !== ""); // of types alone
  for (const { fileName, imports } of output) {
    const lost = fileName.startsWith("dist/") && imports.find((name) => name.startsWith(".build/"));
    if (lost) throw new Error(`${fileName} is published and imports ${lost}, which is not`);
  }

  keepInside(output);
  for (const { fileName, code } of output) {
    mkdirSync(dirname(join(root, fileName)), { recursive: true });
    writeFileSync(join(root, fileName), code);
  }
  const made = new Set(output.map(({ fileName }) => fileName));
  removeOthers(root, "dist", ".js", (name) => made.has(`dist/${name}.js`));
  removeOthers(root, ".build/internal", ".js", (name) => made.has(`.build/internal/${name}.js`));
  removeOthers(root, "dist", ".d.ts", (name) => existsSync(join(root, "src", `${name}.ts`)));
  writeFileSync(stamp, "");

  function load(id) {
    return id.startsWith(PASSED_ON) ? `export * from "${join(from, id.slice(PASSED_ON.length))}.js"` : undefined;
  }
}

const PRINTED = {
  module: true,
  compress: false,
  mangle: false,
  format: { beautify: true, indent_level: 2, comments: false, ascii_only: true, ecma: 2022 },
};

/**
 * Takes Node's own modules by `process.getBuiltinModule`. For an `import` Node reads each export of the module, and some are made when
 * they are read: `WebSocket` of node:http loads all of undici. node:module, which has none of those, stays as it is: Jest gives its tests
 * another.
 */
function builtinsAsObjects(code) {
  const changed = code.replace(
    /^import (?:([\w$]+)(?:, )?)?(?:\{([^}]*)\})? from 'node:(?!module')(\w+)';$/gm,
    (_, whole, names, name) => {
      const module = `process.getBuiltinModule("node:${name}")`;
      const constants = whole === undefined ? [] : [`${whole} = ${module}`];
      if (names !== undefined) constants.push(`{${names.replaceAll(" as ", ": ")}} = ${module}`);
      return `const ${constants.join(", ")};`;
    },
  );
  const left = /^import .* from 'node:(?!module'|assert\/)/m.exec(changed);
  if (left !== null) throw new Error(`${left[0]}...' is still an import`);
  return changed;
}

/**
 * What only tests reach in a published file leaves it by one function instead of an export each: whenever V8 compiles a function, it
 * looks for the names used there among all exports of the file, one after the other. The function answers what the names have when it is called.
 */
function keepInside(output) {
  const published = output.filter(({ fileName }) => fileName.startsWith("dist/"));
  const tested = output.filter((one) => !published.includes(one));
  const used = new Map();
  for (const { fileName, isEntry, exports } of published) used.set(fileName, new Set(isEntry ? exports : []));
  for (const { importedBindings } of published) {
    for (const [fileName, names] of Object.entries(importedBindings)) {
      for (const name of names) used.get(fileName)?.add(name);
    }
  }
  for (const chunk of published) {
    const inside = chunk.exports.filter((name) => !used.get(chunk.fileName).has(name));
    if (inside.length === 0) continue;
    if (used.get(chunk.fileName).has("*") || inside.includes("default") || /\binternals\b/.test(chunk.code)) {
      throw new Error(`${chunk.fileName} is imported whole, or has a default or a name "internals"`);
    }
    chunk.code = replaced(chunk, /^export \{([^}]*)\};\s*$/m, (_, list) => {
      const [kept, rest] = parted(list, ([, exported]) => !inside.includes(exported));
      const entries = rest.map(([local, exported]) => named(exported, local, ": "));
      return `export { ${[...exportsOf(kept), "internals"].join(", ")} };\n\nfunction internals() {\n  return { ${entries.join(", ")} };\n}\n`;
    });
  }
  for (const file of tested) {
    file.code = file.code.replace(/^export \{([^}]*)\} from "([^"]*)";$/gm, (whole, list, from) => {
      const chunk = posix.join(posix.dirname(file.fileName), from);
      const [kept, rest] = parted(list, ([name]) => used.get(chunk)?.has(name) ?? true);
      if (rest.length === 0) return whole;
      const internals = `internals_${posix.basename(chunk, ".js").replaceAll("-", "_")}`;
      const entries = rest.map(([name, exported]) => named(name, exported, ": "));
      return [
        ...(kept.length === 0 ? [] : [`export { ${exportsOf(kept).join(", ")} } from "${from}";`]),
        `import { internals as ${internals} } from "${from}";`,
        `export const { ${entries.join(", ")} } = ${internals}();`,
      ].join("\n");
    });
  }
}

function replaced({ fileName, code }, pattern, by) {
  if (!pattern.test(code)) throw new Error(`${fileName} has no list of exports at its end`);
  return code.replace(pattern, by);
}

/** The names of an export list as pairs, its own and the exported one: those that `isFirst` holds for, and the others. */
function parted(list, isFirst) {
  const pairs = list.split(",").map((one) => {
    const [local, exported = local] = one.trim().split(" as ");
    return [local, exported];
  });
  return [pairs.filter(isFirst), pairs.filter((pair) => !isFirst(pair))];
}

function exportsOf(pairs) {
  return pairs.map(([local, exported]) => named(local, exported, " as "));
}

function named(name, other, as) {
  return name === other ? name : `${name}${as}${other}`;
}

/** A module of types alone has no code, which is no fault. */
function onLog(level, log) {
  if (log.code !== "EMPTY_BUNDLE") throw new Error(`${level}: ${log.message}`);
}

/** The files of a folder that end so, as paths without that end. */
function files(folder, ending) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith(ending))
    .map((name) => name.slice(0, -ending.length));
}

/** Deletes what earlier builds made of files that are gone. */
function removeOthers(root, folder, ending, isKept) {
  const outdated = files(join(root, folder), ending).filter((name) => !isKept(name));
  for (const name of outdated) rmSync(join(root, folder, name + ending));
}

function mtime(file) {
  return statSync(file).mtimeMs;
}
