// Keeps the import rule of ARCHITECTURE.md: imports only point down.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const src = join(root, "src");

/** What each folder may import from; its own files and the basics always. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  propagation: [],
  report: [],
  scope: [],
  tracer: ["propagation", "report"],
  http: ["scope/scope-manager.ts", "propagation/carrier.ts"],
  hosts: ["http", "scope/scope-manager.ts", "bindings/bound-tracer.ts"],
  clients: ["http", "scope/scope-manager.ts"],
  opentelemetry: ["propagation", "report", "scope", "tracer", "http", "tracing.ts", "init-tracing.ts"],
  jaeger: ["propagation", "report", "tracer"],
  bindings: ["report", "scope"],
  testing: ["propagation", "report", "scope", "tracer", "http"],
  tornado: [
    "http",
    "scope",
    "clients",
    "hosts",
    "bindings/bound-tracer.ts",
    "tracing.ts",
    "init-tracing.ts",
    "tracer-callable.ts",
  ],
};

/** The optional peers of folders that exist for them. Nothing else may import these folders, but when it is asked to. */
const PEERS: Readonly<Record<string, RegExp>> = { opentelemetry: /^@opentelemetry\/api$/ };

/** Files directly in src: the basics know nothing of the rest, the wiring knows everything. */
const BASICS = [
  "alike.ts",
  "copy-metadata.ts",
  "diagnostics.ts",
  "environment.ts",
  "listen.ts",
  "mark-failed.ts",
  "follow-promise.ts",
  "guard.ts",
  "header.ts",
  "http2-stream.ts",
  "link.ts",
  "patch.ts",
  "set-own.ts",
  "settings.ts",
  "shared.ts",
  "tags.ts",
  "text.ts",
  "trace-context.ts",
  "untraced.ts",
  "version.ts",
];

/** Folders that must run where there is no Node. */
const PORTABLE = ["propagation", "tracer", "http"];

const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));

function importsOf(file: string, pattern: RegExp = /^\s*(?:import|export)\b[^;]*?from\s+"([^"]+)"/gm): string[] {
  const text = readFileSync(join(src, file), "utf8");
  return [...text.matchAll(pattern)].map((match) => match[1]!);
}

test("every folder of src has a rule", () => {
  const folders = new Set(files.filter((file) => file.includes("/")).map((file) => file.split("/")[0]!));
  assert.deepEqual([...folders].sort(), Object.keys(ALLOWED).sort());
});

for (const file of files) {
  const folder = file.includes("/") ? file.split("/")[0]! : "";

  test(`${file} imports only what is below it`, () => {
    for (const specifier of importsOf(file)) {
      if (PEERS[folder]?.test(specifier)) continue;
      if (!specifier.startsWith(".")) {
        assert.match(specifier, /^(opentracing$|node:)/, `${file}: the only dependency is opentracing`);
        assert.ok(
          !(specifier.startsWith("node:") && (PORTABLE.includes(folder) || BASICS.includes(file))),
          `${file} must not import ${specifier}: it runs outside Node too`,
        );
        continue;
      }
      const target = normalize(join(dirname(file), specifier));
      if (BASICS.includes(file))
        assert.ok(BASICS.includes(target), `${file} is a basic file: it may not know ${target}`);
      if (folder === "" || target.startsWith(`${folder}/`) || BASICS.includes(target)) continue;
      const allowed = ALLOWED[folder]!.some((place) => target === place || target.startsWith(`${place}/`));
      assert.ok(allowed, `${file} may not import ${target}`);
    }
  });

  test(`${file} does not load what needs an optional peer`, () => {
    for (const specifier of importsOf(file, /^\s*(?:import|export)\b(?!\s+type\b)[^;]*?from\s+"([^"]+)"/gm)) {
      const target = normalize(join(dirname(file), specifier));
      const peer = Object.keys(PEERS).find((name) => specifier.startsWith(".") && target.startsWith(`${name}/`));
      assert.ok(peer === undefined || peer === folder, `${file} must not need what ${target} needs`);
    }
  });

  test(`${file} begins with a sentence that says what it is for`, () => {
    assert.match(readFileSync(join(src, file), "utf8"), /^\/\/ \S.*[.:,]?\n/);
  });
}

test("the only runtime dependency is opentracing", () => {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  assert.deepEqual(Object.keys(manifest.dependencies), ["opentracing"]);
});
