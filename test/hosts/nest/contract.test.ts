// The server contract, for NestJS.

import { test } from "node:test";
import { serverContract } from "node-opentracing/testing";
import { ALONE, HOSTS } from "./contract-app.js";

for (const host of [...HOSTS, ...ALONE]) {
  for (const { name, skip, run } of serverContract(host)) test(name, { skip: skip ?? false }, run);
}
