// The server contract, for polka.

import { test } from "node:test";
import { serverContract } from "node-opentracing/testing";
import { POLKA } from "./contract-app.js";

for (const { name, run, skip = false } of serverContract(POLKA)) test(name, { skip }, run);
