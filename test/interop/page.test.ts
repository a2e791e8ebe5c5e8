// docs/interop.md has the table of every part, as a run has printed it.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { withSection } from "../../interop/page.js";
import type { Part } from "../../interop/part.js";
import type { PartResult } from "../../interop/run-part.js";

const page = readFileSync("docs/interop.md", "utf8");

for (const file of readdirSync("interop/parts").map((name) => name.replace(/\.ts$/, ".js"))) {
  test(`docs/interop.md: the table of interop/parts/${file}`, async () => {
    const { part } = (await import(`../../interop/parts/${file}`)) as { part: Part };
    const [begin, end] = [`<!-- begin ${part.name} -->`, `<!-- end ${part.name} -->`];
    const section = page.slice(page.indexOf(begin), page.indexOf(end));
    assert.ok(section.startsWith(begin), `run npm run interop -- --write ${part.name}`);
    const rows = section.split("\n").filter((line) => line.startsWith("| "));
    assert.ok(rows.length > 2 && rows.slice(2).some((row) => row.includes("| ok ")));
    assert.ok(!section.includes("FAIL"));
    const reasons = new Set([...section.matchAll(/not supported (\(\d+\))/g)].map((match) => match[1]!));
    for (const reason of reasons) assert.ok(section.includes(`\n${reason} Not supported: `), reason);
  });
}

const RESULT: PartResult = {
  part: "go",
  started: [
    ["service", "a 1, b 2"],
    ["service", "a 1, c 3"],
  ],
  cells: [
    { peer: "p", format: "b3", direction: "d", what: "kept", outcome: "ok" },
    { peer: "p", format: "b3", direction: "d", what: "baggage", outcome: "not supported", reason: "B3 has none" },
  ],
};

const SECTION = `<!-- begin go -->

## go

Printed on 2026-11-25 by \`npm run interop -- go\`, ours on Node ${process.versions.node}.

- service: a 1, b 2, c 3

| peer | format | direction | kept | baggage           |
| ---- | ------ | --------- | ---- | ----------------- |
| p    | b3     | d         | ok   | not supported (1) |

(1) Not supported: B3 has none.

<!-- end go -->
`;

test("a part's section is added to a page, and takes the place of its former one", () => {
  const added = withSection("# Page\n", RESULT, "2026-11-25");
  assert.equal(added, `# Page\n\n${SECTION}`);
  const old = added.replaceAll("2026-11-25", "2025-01-01").replace("a 1, b 2", "a 0");
  assert.equal(withSection(`${old}\nand more\n`, RESULT, "2026-11-25"), `${added}\nand more\n`);
});
