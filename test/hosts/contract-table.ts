// Prints host by contract case, as Markdown: what `npm run hosts` runs.

import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type ContractHost, serverContract } from "node-opentracing/testing";

const tests = dirname(dirname(fileURLToPath(import.meta.url)));

/** Every `ContractHost` that a `contract-app.js` below test/ exports, alone or in an array. */
async function contractHosts(): Promise<ContractHost[]> {
  const files = readdirSync(tests, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith("contract-app.js"),
  );
  const modules = await Promise.all(files.sort().map((name) => import(join(tests, name)) as Promise<object>));
  return modules.flatMap((module) => Object.values(module).flat().filter(isHost));
}

function isHost(value: unknown): value is ContractHost {
  const { name, start } = (value ?? {}) as Partial<ContractHost>;
  return typeof name === "string" && typeof start === "function";
}

type Outcome = "pass" | "FAIL" | { readonly skip: string };

/** The outcome of each case by its name. */
async function outcomes(host: ContractHost): Promise<Map<string, Outcome>> {
  const found = new Map<string, Outcome>();
  for (const { name, run, skip } of serverContract(host)) {
    const bare = name.slice(host.name.length + 2);
    if (skip !== undefined) {
      found.set(bare, { skip });
      continue;
    }
    try {
      await run();
      found.set(bare, "pass");
    } catch (error) {
      console.error(`${name}\n`, error);
      found.set(bare, "FAIL");
    }
  }
  return found;
}

const parts = process.argv.slice(2);
const hosts = (await contractHosts()).filter(
  ({ name }) => parts.length === 0 || parts.some((part) => name.includes(part)),
);
const columns: Map<string, Outcome>[] = [];
for (const host of hosts) columns.push(await outcomes(host));

const reasons: string[] = [];
const cell = (outcome: Outcome | undefined): string => {
  if (outcome === undefined || typeof outcome === "string") return outcome ?? "";
  if (!reasons.includes(outcome.skip)) reasons.push(outcome.skip);
  return `skip ${reasons.indexOf(outcome.skip) + 1}`;
};
const names = [...new Set(columns.flatMap((column) => [...column.keys()]))];
console.log(`\nNode ${process.version}\n`);
console.log(`| case | ${hosts.map(({ name }) => name).join(" | ")} |`);
console.log(`| --- |${" --- |".repeat(hosts.length)}`);
for (const name of names) console.log(`| ${name} | ${columns.map((column) => cell(column.get(name))).join(" | ")} |`);
console.log("");
for (const [i, reason] of reasons.entries()) console.log(`skip ${i + 1}: ${reason}`);

const all = columns.flatMap((column) => [...column.values()]);
const failed = all.filter((outcome) => outcome === "FAIL").length;
console.log(
  `\n${hosts.length} hosts, ${all.length} cases: ${all.filter((outcome) => outcome === "pass").length} pass, ` +
    `${all.filter((outcome) => typeof outcome === "object").length} skipped, ${failed} fail`,
);
// An application that hangs must not hold up the table.
process.exit(failed === 0 && hosts.length > 0 ? 0 : 1);
