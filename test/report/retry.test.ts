// When a request is sent again, and after what wait.

import assert from "node:assert/strict";
import { test } from "node:test";
import { backOff, isRetryable, retryAfter } from "#src/report/retry.js";

test("only 429, 502, 503 and 504 are tried again", () => {
  const retried = Array.from({ length: 600 }, (_, status) => status).filter(isRetryable);
  assert.deepEqual(retried, [429, 502, 503, 504]);
});

test("waits double from 1 s to 10 s, less up to half of it by chance", () => {
  const most = [1, 2, 3, 4, 5, 6].map((tries) => backOff(tries, () => 1));
  assert.deepEqual(most, [1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
  const least = [1, 2].map((tries) => backOff(tries, () => 0));
  assert.deepEqual(least, [500, 1_000]);
});

test("Retry-After is read as seconds and as a date, up to a minute", () => {
  const now = Date.UTC(2026, 10, 22, 12, 0, 0);
  const expected: [header: string | undefined, wait: number][] = [
    [undefined, 0],
    ["0", 0],
    ["7", 7_000],
    [" 7 ", 7_000],
    ["60", 60_000],
    ["61", 60_000],
    ["Sun, 22 Nov 2026 12:00:09 GMT", 9_000],
    ["Sun, 22 Nov 2026 11:00:00 GMT", 0],
    ["soon", 0],
    ["-5", 0],
    ["", 0],
  ];
  for (const [header, wait] of expected) assert.equal(retryAfter(header, now), wait, header);
});
