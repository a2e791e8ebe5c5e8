// The server contract, for restify.

import { test } from "node:test";
import { serverContract } from "node-opentracing/testing";
import { RESTIFY } from "./contract-app.js";

for (const { name, run, skip = false } of serverContract(RESTIFY)) test(name, { skip }, run);
