// The server contract, for Koa 2 and 3.

import { test } from "node:test";
import { serverContract } from "node-opentracing/testing";
import { KOA_HOSTS } from "./contract-app.js";

for (const host of KOA_HOSTS) {
  for (const { name, run, skip = false } of serverContract(host)) test(name, { skip }, run);
}
