// An interop run in the middle of its work: a build that does not end, a folder for a server's files. It is to be interrupted.

import { made } from "../../interop/cache.js";
import { startChild } from "../../interop/child.js";
import { endCleanly } from "../../interop/clean-end.js";
import { temporaryFolder } from "../../interop/temporary-folder.js";

const [cache, temporary] = process.argv.slice(2);
endCleanly();
temporaryFolder("of-a-server-", temporary);
void made(cache!, ["lock"], async (unfinished) => {
  // It writes until it is killed.
  const program = `
    const { writeFileSync } = require("node:fs");
    let count = 0;
    setInterval(() => writeFileSync(process.argv[1] + "/" + count++, ""), 1);
    console.log(JSON.stringify({ port: 1, version: "1" }));`;
  await startChild(process.execPath, ["-e", program, unfinished]);
  console.log("working");
  await new Promise(() => {});
});
