// The server contract, for Express 4 and 5.

import { test } from "node:test";
import { serverContract } from "node-opentracing/testing";
import { EXPRESS_HOSTS } from "./contract-app.js";

for (const host of EXPRESS_HOSTS) {
  for (const { name, run, skip = false } of serverContract(host)) test(name, { skip }, run);
}
