// The server contract, for hapi 21.

import { test } from "node:test";
import { serverContract } from "node-opentracing/testing";
import { hapiHosts } from "./contract-app.js";

for (const host of hapiHosts) {
  for (const { name, run, skip = false } of serverContract(host)) test(name, { skip }, run);
}
