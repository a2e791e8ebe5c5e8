// The snippets of docs/propagation.md run.

import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { test } from "node:test";

const page = readFileSync(new URL("../../../docs/propagation.md", import.meta.url), "utf8");
const snippets = [...page.matchAll(/^```js\n(.*?)^```$/gms)].map((match) => match[1]!);

test("the page has snippets", () => assert.equal(snippets.length, 4));

for (const [i, code] of snippets.entries()) {
  test(`snippet ${i + 1} of docs/propagation.md does what it says`, async (t) => {
    // A file below the package, so that the package's own name can be imported.
    const file = new URL(`./propagation-snippet-${i}-${process.pid}.mjs`, import.meta.url);
    t.after(() => rmSync(file));
    writeFileSync(file, code);
    await import(file.href);
  });
}
