// The server contract, for hapi.

import { test } from "node:test";
import { serverContract } from "node-opentracing/testing";
import { hapiHost } from "./contract-app.js";

for (const { name, run, skip = false } of serverContract(hapiHost)) test(name, { skip }, run);
