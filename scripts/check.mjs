// npm run check: format, lint, types.
import { join } from "node:path";
import { compile, install, root, run } from "./setup.mjs";

install();
run(process.execPath, [
  join(root, "node_modules", "@biomejs", "biome", "bin", "biome"),
  "ci",
  "--error-on-warnings",
  ".",
]);
compile();
