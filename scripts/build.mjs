// npm run build: a clean build of src into dist. With --if-source (npm's prepare step) it does nothing without the compiler.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { clean, compile, install, root } from "./setup.mjs";

if (!process.argv.includes("--if-source")) {
  install();
  clean();
  compile("src");
} else if (existsSync(join(root, "src", "index.ts")) && existsSync(join(root, "node_modules", "typescript"))) {
  compile("src");
}
