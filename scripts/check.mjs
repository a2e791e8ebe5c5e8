// npm run check: format, lint, types.
import { join } from "node:path";
import { compile, install, root, run } from "./setup.mjs";

install();
const colours = process.stdout.isTTY ? [] : ["--colors=off"];
run(process.execPath, [
  join(root, "node_modules", "@biomejs", "biome", "bin", "biome"),
  "ci",
  "--error-on-warnings",
  ...colours,
  ".",
]);
await compile();
