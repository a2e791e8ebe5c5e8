// The mark on tracing's own traffic, and the version that it carries.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { isUntraced, untraced } from "#src/untraced.js";
import { VERSION } from "#src/version.js";

test("the mark lasts as long as the function, nested or thrown out of", async () => {
  assert.equal(isUntraced(), false);
  let later: Promise<boolean> | undefined;
  const inside = untraced(() => {
    later = Promise.resolve().then(isUntraced);
    untraced(() => {});
    return isUntraced();
  });
  assert.equal(inside, true);
  assert.equal(await later, false);
  assert.throws(() =>
    untraced(() => {
      throw new Error("no");
    }),
  );
  assert.equal(isUntraced(), false);
});

test("the version is that of package.json", () => {
  const file = readFileSync(new URL(import.meta.resolve("node-opentracing/package.json")), "utf8");
  assert.equal(VERSION, JSON.parse(file).version);
});
