// Who sends the spans: which of the names given counts.

import assert from "node:assert/strict";
import { test } from "node:test";
import { processResource } from "#src/report/resource.js";

test("the name given comes before that of the resource, and an empty one is none", () => {
  const names = (serviceName: string | undefined, given: string) =>
    processResource(serviceName, { "service.name": given })["service.name"];
  assert.equal(names("shop", "other"), "shop");
  assert.equal(names(undefined, "other"), "other");
  assert.equal(names(undefined, ""), "unknown_service:node");
});
