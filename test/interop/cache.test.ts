// The interop run's cache: a folder is whole or not there, and downloads are tried again.

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { downloading, made } from "../../interop/cache.js";

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), "interop-cache-"));
  t.after(() => rmSync(made, { recursive: true }));
  return made;
}

test("what is made is made once for the same sources", async (t) => {
  const cache = folder(t);
  let count = 0;
  const make = async (unfinished: string): Promise<void> => {
    count++;
    writeFileSync(join(unfinished, "file"), "content");
  };
  const first = await made(cache, ["lock 1"], make);
  assert.ok(existsSync(join(first, "file")));
  assert.equal(await made(cache, ["lock 1"], make), first);
  assert.equal(count, 1);
  assert.notEqual(await made(cache, ["lock 2"], make), first);
});

test("what fails leaves nothing behind, and is made the next time", async (t) => {
  const cache = folder(t);
  await assert.rejects(
    made(cache, ["lock"], async (unfinished) => {
      writeFileSync(join(unfinished, "half"), "");
      throw new Error("interrupted");
    }),
    /interrupted/,
  );
  assert.deepEqual(readdirSync(cache), []);
  assert.ok(existsSync(await made(cache, ["lock"], async () => {})));
});

test("of two that make the same at once, both get the one that is whole", async (t) => {
  const cache = folder(t);
  const make = async (unfinished: string): Promise<void> => writeFileSync(join(unfinished, "file"), "content");
  const both = await Promise.all([made(cache, ["lock"], make), made(cache, ["lock"], make)]);
  assert.equal(both[0], both[1]);
  assert.equal(readdirSync(cache).length, 1);
});

test("a download is tried four times, and then has failed", async () => {
  let attempts = 0;
  const failing = async (): Promise<string> => {
    attempts++;
    if (attempts < 4) throw new Error("connection reset");
    return "content";
  };
  assert.equal(await downloading("it", failing, [0, 0, 0]), "content");
  attempts = -10;
  await assert.rejects(downloading("it", failing, [0, 0, 0]), /connection reset/);
});
