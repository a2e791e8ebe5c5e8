// The server contract, for h3 2.

import { test } from "node:test";
import { serverContract } from "node-opentracing/testing";
import { H3_HOSTS } from "./contract-app.js";

for (const host of H3_HOSTS) {
  for (const { name, run, skip = false } of serverContract(host)) test(name, { skip }, run);
}
