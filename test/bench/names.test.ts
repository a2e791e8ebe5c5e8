// What the benchmark's tables name exists.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { inTurn } from "../../bench/in-turn.js";
import { isWhole } from "../../bench/load/answer.js";
import { VARIANTS } from "../../bench/variants/variant.js";
import { WORKLOADS } from "../../bench/workloads/workload.js";

const bench = join(dirname(fileURLToPath(import.meta.url)), "../../../bench");

test("every workload and every variant has its module, and compares with what is there", () => {
  for (const [name, { file = name, variants = [] }] of Object.entries(WORKLOADS)) {
    assert.ok(existsSync(join(bench, "workloads", `${file}.ts`)), name);
    for (const variant of variants) assert.ok(variant in VARIANTS, `${name}: ${variant}`);
  }
  for (const name of Object.keys(VARIANTS)) assert.ok(existsSync(join(bench, "variants", `${name}.ts`)), name);
});

test("no lock file tells where its packages came from", () => {
  const folders = [bench, ...readdirSync(join(bench, "peers")).map((name) => join(bench, "peers", name))];
  for (const folder of folders) {
    assert.ok(!readFileSync(join(folder, "package-lock.json"), "utf8").includes('"resolved"'), folder);
  }
});

/** What is instrumented beyond http, by packages that want other lines of OpenTelemetry. */
const BEYOND_HTTP = [
  "@fastify/otel",
  "@opentelemetry/instrumentation-express",
  "@opentelemetry/instrumentation-undici",
];

test("OpenTelemetry's http-only set-up has each of its packages once", () => {
  for (const peer of ["opentelemetry-20", "opentelemetry-24"]) {
    const lock = JSON.parse(readFileSync(join(bench, "peers", peer, "package-lock.json"), "utf8"));
    const nested = Object.keys(lock.packages).map(
      (path) => /^node_modules\/(.+)\/node_modules\/@opentelemetry\//.exec(path)?.[1],
    );
    const owners = new Set(nested.filter((owner) => owner !== undefined));
    for (const owner of owners) assert.ok(BEYOND_HTTP.includes(owner), `${peer}: ${owner} has packages of its own`);
  }
});

test("each round has another order, and every variant stands in every place, before and after every other", () => {
  const variants = ["a", "b", "c", "d"];
  const rounds = Array.from({ length: 100 }, (_, round) => inTurn(variants, round).join(""));
  for (const variant of variants) {
    for (let i = 0; i < variants.length; i++) {
      const often = rounds.filter((order) => order[i] === variant).length;
      assert.ok(often > 10 && often < 45, `${variant} is in place ${i} in ${often} of 100 rounds`);
    }
    for (const other of variants)
      if (other !== variant) assert.ok(rounds.some((order) => order.includes(variant + other)));
  }
  assert.deepEqual(inTurn(variants, 7), inTurn(variants, 7));
});

test("an answer is whole when all that its head announces is there", () => {
  const head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
  assert.deepEqual([head.slice(0, -1), head, `${head}o`, `${head}ok`].map(isWhole), [false, false, false, true]);
  const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n";
  assert.deepEqual([chunked, `${chunked}0\r\n\r\n`].map(isWhole), [false, true]);
});
