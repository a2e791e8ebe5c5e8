// The server contract, for Hono 4.

import { test } from "node:test";
import { serverContract } from "node-opentracing/testing";
import { HONO_HOSTS } from "./contract-app.js";

for (const host of HONO_HOSTS) {
  for (const { name, run, skip = false } of serverContract(host)) test(name, { skip }, run);
}
