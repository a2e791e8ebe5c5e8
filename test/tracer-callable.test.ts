// Set-up 4 and 7 of the reference: a tracer made by a function, a class or the name of a module's export.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { MockTracer, Tracer } from "opentracing";
import { makeTracer } from "#src/tracer-callable.js";
import { installInto } from "./packed.js";

const folder = mkdtempSync(join(tmpdir(), "tracer-callable-"));
after(() => rmSync(folder, { recursive: true }));

/** Writes a module next to nothing else and answers its path. */
function moduleFile(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

test("set-up 4: tracerCallable is a function, called once with tracerParameters as its only argument", () => {
  const calls: unknown[][] = [];
  const tracer = new Tracer();
  const made = makeTracer(
    (...parameters) => {
      calls.push(parameters);
      return tracer;
    },
    { host: "a" },
  );
  assert.equal(made, tracer);
  assert.deepEqual(calls, [[{ host: "a" }]]);
});

test("set-up 4: an array of tracerParameters is positional arguments", () => {
  const calls: unknown[][] = [];
  makeTracer(
    (...parameters) => {
      calls.push(parameters);
      return new Tracer();
    },
    [1, "two"],
  );
  assert.deepEqual(calls, [[1, "two"]]);
});

test("set-up 4: tracerCallable is a class", () => {
  class Own extends Tracer {
    readonly name: string;
    constructor(name: string) {
      super();
      this.name = name;
    }
  }
  assert.equal((makeTracer(Own, ["a"]) as Own).name, "a");
});

test("set-up 4: tracerCallable names an export of an installed package, of CommonJS and of an ES module", () => {
  assert.ok(makeTracer("opentracing:MockTracer", undefined) instanceof MockTracer);
  const cjs = moduleFile("a.cjs", `exports.make = () => ({ startSpan() {}, inject() {}, extract() {} });`);
  const esm = moduleFile(
    "b.mjs",
    `export const make = (name) => ({ name, startSpan() {}, inject() {}, extract() {} });`,
  );
  assert.equal(typeof makeTracer(`${cjs}:make`, undefined).startSpan, "function");
  assert.equal((makeTracer(`${esm}:make`, ["x"]) as unknown as { name: string }).name, "x");
  assert.equal(typeof makeTracer(`${pathToFileURL(esm).href}:make`, undefined).inject, "function");
});

test("a service that is started from elsewhere finds its packages beside its main file", (t) => {
  const service = mkdtempSync(join(tmpdir(), "tracer-callable-main-"));
  t.after(() => rmSync(service, { recursive: true }));
  installInto(service, ["@opentelemetry/api"]);
  writeFileSync(
    join(service, "main.mjs"),
    `import { initTracing } from "node-opentracing";
    for (const tracerCallable of ["opentelemetry", "opentracing:MockTracer"]) {
      const tracing = initTracing({ tracerCallable });
      console.log(tracing.tracer.constructor.name);
      await tracing.close();
    }`,
  );
  writeFileSync(join(service, "package.json"), '{ "main": "main.mjs" }');
  const link = join(folder, "service");
  symlinkSync(join(service, "main.mjs"), link);
  for (const main of [join(service, "main.mjs"), service, link]) {
    const output = execFileSync(process.execPath, [main], { cwd: "/" });
    assert.equal(output.toString(), "OpenTelemetryTracer\nMockTracer\n", main);
  }
});

test("without an export's name the default export is meant", () => {
  const esm = moduleFile("c.mjs", `export default () => ({ startSpan() {}, inject() {}, extract() {} });`);
  const cjs = moduleFile("d.cjs", `module.exports = () => ({ startSpan() {}, inject() {}, extract() {} });`);
  assert.equal(typeof makeTracer(esm, undefined).extract, "function");
  assert.equal(typeof makeTracer(cjs, undefined).extract, "function");
});

test("set-up 7: a module that cannot be loaded is named, with the reason", () => {
  assert.throws(
    () => makeTracer("no-such-module:make", undefined),
    /the module "no-such-module" cannot be loaded: Cannot find/,
  );
  const broken = moduleFile("e.cjs", `throw new Error("not today")`);
  assert.throws(() => makeTracer(`${broken}:make`, undefined), /cannot be loaded: not today/);
});

test("set-up 7: an export that is missing is named, with those that are there", () => {
  assert.throws(
    () => makeTracer("opentracing:JaegerTracer", undefined),
    /the module "opentracing" has no export "JaegerTracer"; it exports .*MockTracer/,
  );
  assert.throws(() => makeTracer("opentracing:FORMAT_BINARY", undefined), /must be a function or class, not "binary"/);
});

test("what is no tracer is refused: a promise, an object without the methods, nothing", () => {
  for (const wrong of [Promise.resolve(new Tracer()), {}, undefined]) {
    assert.throws(
      () => makeTracer(() => wrong as never, undefined),
      /must answer an OpenTracing tracer \(an object with/,
    );
  }
});

test("what the function throws is thrown", () => {
  assert.throws(() => makeTracer(() => assert.fail("no agent"), undefined), /no agent/);
});
