// An interop run that starts a server, which connects to a port; it is to be killed.

import { startServer } from "../../interop/child.js";

const program = `
  require("node:net").connect(${process.argv[2]}, "127.0.0.1");
  console.log("Serving");
  setInterval(() => {}, 1000);`;
await startServer(process.execPath, ["-e", program], "Serving");
await new Promise(() => setInterval(() => {}, 1000));
