// The server contract, for Fastify 4 and 5.

import { test } from "node:test";
import { serverContract } from "node-opentracing/testing";
import { fastifyHosts } from "./contract-app.js";

for (const host of fastifyHosts) {
  for (const { name, run, skip = false } of serverContract(host)) test(name, { skip }, run);
}
