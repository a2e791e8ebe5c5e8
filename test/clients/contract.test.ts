// Every client keeps the contract.

import { test } from "node:test";
import { clientContract } from "node-opentracing/testing";
import { CLIENTS } from "./contract-clients.js";

for (const client of CLIENTS) {
  for (const { name, run } of clientContract(client)) test(`${client.name}: ${name}`, run);
}
