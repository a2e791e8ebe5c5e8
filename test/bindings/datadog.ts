// dd-trace in the release for the running Node, installed under its own name.

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { installed } from "./protocols.js";

/** dd-trace 6 needs Node 22. */
export const release: string = Number(process.versions.node.split(".")[0]) >= 22 ? "dd-trace-6" : "dd-trace-5";

/** A folder in which `dd-trace` is installed; its file `uses-http.cjs` is what an application loads before us. */
export function datadogFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "datadog-"));
  after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(join(installed, "node_modules", release), join(folder, "node_modules", "dd-trace"), "dir");
  writeFileSync(join(folder, "uses-http.cjs"), 'require("http")');
  return folder;
}
