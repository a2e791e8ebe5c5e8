// The server contract, for node:http2.

import { test } from "node:test";
import { serverContract } from "node-opentracing/testing";
import { HOSTS } from "./contract-app.js";

for (const host of HOSTS) {
  for (const { name, run, skip = false } of serverContract(host)) test(name, { skip }, run);
}
