// Holds docs/back-ends.md to its word: runs its commands, and reads its versions.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "../child.js";
import { eventually } from "./eventually.js";

const text = readFileSync(join(process.cwd(), "docs", "back-ends.md"), "utf8");

/** The first block of a language below a heading. Throws where there is none. */
export function blockBelow(heading: string, language: string): string {
  const section = text.split("\n## ").find((part) => part.startsWith(`${heading}\n`)) ?? "";
  const block = new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, "s").exec(section);
  if (block === null) throw new Error(`docs/back-ends.md has no ${language} block below "${heading}"`);
  return block[1]!;
}

/** Whether the table names the version of a back end as the one that was run. */
export function assertVersion(name: string, version: string): void {
  assert.match(text, new RegExp(`^\\| ${name} +\\| ${version.replaceAll(".", "\\.")} `, "m"));
}

/**
 * Runs the command below a heading, with `address` in place of the page's own, and waits until both spans of its one
 * request are there.
 */
export async function checkCommand(
  heading: string,
  address: readonly [from: string, to: string],
  spanIds: (traceId: string) => Promise<readonly string[]>,
): Promise<void> {
  const line = blockBelow(heading, "sh");
  assert.ok(line.includes(address[0]) && line.includes(" app.js"), line);
  const command = line.replace(address[0], address[1]).replace(" app.js", " interop/node/page-app.mjs");
  const traceId = (await runCommand("bash", ["-c", command])).trim();
  assert.match(traceId, /^[0-9a-f]{32}$/);
  await eventually("the spans of the page's command", async () =>
    (await spanIds(traceId)).length === 2 ? true : undefined,
  );
}
