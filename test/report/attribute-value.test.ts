// What becomes of tag values that encoders cannot write as they are.

import assert from "node:assert/strict";
import { test } from "node:test";
import { diagnostics } from "#src/diagnostics.js";
import { attributeValue, valueText } from "#src/report/attribute-value.js";

test("bytes become base64, of a view those that it shows, and no more than a text may have", () => {
  const bytes = new Uint8Array([255, 1, 2, 3, 255]).subarray(1, 4);
  for (const given of [bytes, Buffer.from(bytes)]) {
    assert.equal(attributeValue(given), "AQID");
    assert.equal(valueText(given), "AQID");
    assert.deepEqual(attributeValue([given]), ["AQID"]);
  }
  assert.equal(attributeValue(new Uint8Array()), "");
  const before = diagnostics()["span.values_truncated"] ?? 0;
  assert.equal(attributeValue(new Uint8Array(6144)), "A".repeat(8192));
  assert.equal(diagnostics()["span.values_truncated"] ?? 0, before);
  assert.equal(attributeValue(new Uint8Array(6145)), "A".repeat(8192));
  assert.equal(diagnostics()["span.values_truncated"], before + 1);
});
