// propagateTo: which URLs get trace headers, at the last accepted and the first refused one.

import assert from "node:assert/strict";
import { test } from "node:test";
import { type HttpOptions, HttpTracing } from "#src/http/http-tracing.js";
import { AsyncScopeManager } from "#src/scope/async-scope-manager.js";

function targets(propagateTo: HttpOptions["propagateTo"]): (url: string) => boolean {
  const tracing = new HttpTracing(undefined, new AsyncScopeManager(), { propagateTo });
  return (url) => tracing.propagatesTo(url, undefined);
}

const CASES: [target: string, url: string, matches: boolean][] = [
  ["http://shop.example", "http://shop.example", true],
  ["http://shop.example", "http://shop.example/", true],
  ["http://shop.example", "http://shop.example/x", true],
  ["http://shop.example", "http://shop.example?x", true],
  ["http://shop.example", "http://shop.example#x", true],
  ["http://shop.example", "http://shop.example.evil.com/", false],
  ["http://shop.example", "http://shop.example:8080/", false],
  ["http://shop.example", "http://shop.example@evil.com/", false],
  ["http://shop.example", "http://shop.exampl", false],
  ["http://shop.example/", "http://shop.example/x", true],
  ["http://shop.example/", "http://shop.example", false],
  ["http://shop.example/api", "http://shop.example/api/1", true],
  ["http://shop.example/api", "http://shop.example/api2", false],
];
for (const [target, url, matches] of CASES) {
  test(`propagateTo ${target}: ${url} ${matches ? "matches" : "does not match"}`, () =>
    assert.equal(targets([target])(url), matches));
}

test("a propagateTo function that answers anything but true means no headers", () => {
  for (const answer of [false, undefined, null, 0, 1, "true", {}, Promise.resolve(true), Promise.reject(new Error())]) {
    assert.equal(targets((() => answer) as never)("http://a/"), false);
  }
  assert.equal(targets(() => true)("http://a/"), true);
});
