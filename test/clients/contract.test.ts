// Every client keeps the contract.

import assert from "node:assert/strict";
import { test } from "node:test";
import { clientContract } from "node-opentracing/testing";
import { CLIENTS } from "./contract-clients.js";

for (const client of CLIENTS) {
  for (const { name, run, skip = false } of clientContract(client)) test(`${client.name}: ${name}`, { skip }, run);
}

test("a case that is skipped is still listed with the reason; a skip of no case is refused", () => {
  const client = CLIENTS[0]!;
  const [first] = clientContract(client);
  const skipping = (test: string) => clientContract({ ...client, skip: [{ test, reason: "cannot" }] });
  assert.equal(skipping(first!.name)[0]!.skip, "cannot");
  assert.equal(skipping(first!.name).length, clientContract(client).length);
  assert.throws(() => skipping("no such case"), /no case "no such case"/);
});
