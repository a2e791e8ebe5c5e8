// What must hold of a request that went through a chain of services.

import assert from "node:assert/strict";
import { parentSpanIdHex, spanIdHex, traceIdHex } from "#src/trace-context.js";
import type { Drive } from "./drive.js";
import type { Hop } from "./hop.js";
import type { PeerChain } from "./peer-chain.js";

/** One trace id all along, well-formed, and span ids of which no two are the same. */
export function checkIds({ hops, isOurs }: Drive, { bits, joins }: PeerChain): void {
  checkOneTrace(hops, bits);
  const ids = hops.flatMap((hop, i) => {
    const joined = joins && !isOurs[i] && i > 0;
    return [...(joined ? [] : [hop.span.spanId]), ...(hop.client === null ? [] : [hop.client.spanId])];
  });
  for (const id of ids) assert.match(id, /^(?!0+$)[0-9a-f]{16}$/);
  assert.equal(new Set(ids).size, ids.length, `every span needs an id of its own: ${ids}`);
}

/** Each server's span is a child of the span of its caller's client, or shares it. */
export function checkParents({ hops, isOurs }: Drive, { joins }: PeerChain): void {
  for (const [i, { span }] of hops.entries()) {
    const caller = hops[i - 1];
    if (caller === undefined) {
      assert.equal(span.parentId, "", "the first hop has no parent");
    } else if (joins && !isOurs[i]) {
      assert.equal(span.spanId, caller.client?.spanId, `hop ${i + 1} must share the span of its caller's client`);
    } else {
      assert.equal(span.parentId, caller.client?.spanId, `hop ${i + 1} must be a child of its caller's client span`);
    }
  }
}

/** Every hop records, and ours has reported each of its spans with the ids that it answered. */
export function checkKept({ hops, isOurs, reported }: Drive): void {
  assert.deepEqual(
    hops.map(({ span }) => span.sampled),
    [true, true, true],
  );
  const expected = hops.flatMap(({ span, client }, i) => {
    if (!isOurs[i]) return [];
    const server = { traceId: span.traceId, spanId: span.spanId, parentId: span.parentId };
    return client === null ? [server] : [server, { ...server, spanId: client.spanId, parentId: span.spanId }];
  });
  const spans = reported.map((span) => ({
    traceId: traceIdHex(span.context),
    spanId: spanIdHex(span.context),
    parentId: parentSpanIdHex(span),
  }));
  const bySpanId = (a: { spanId: string }, b: { spanId: string }): number => (a.spanId < b.spanId ? -1 : 1);
  assert.deepEqual(spans.sort(bySpanId), expected.sort(bySpanId));
}

/** No hop records, the ids travel none the less, and ours has reported nothing. */
export function checkDropped({ hops, reported }: Drive, { bits }: PeerChain): void {
  assert.deepEqual(
    hops.map(({ span }) => span.sampled),
    [false, false, false],
  );
  checkOneTrace(hops, bits);
  assert.equal(reported.length, 0, "what is dropped must not be reported");
}

/** Every hop has the item that the first one set. */
export function checkBaggage({ hops }: Drive, item: string | undefined): void {
  assert.deepEqual(
    hops.map(({ span }) => span.baggage["item"]),
    [item, item, item],
  );
}

function checkOneTrace(hops: readonly Hop[], bits: 64 | undefined): void {
  const ids = hops.map(({ span }) => span.traceId);
  for (const id of ids) assert.match(id, /^(?!0+$)([0-9a-f]{16}|[0-9a-f]{32})$/);
  const compared = ids.map((id) => (bits === 64 ? id.slice(-16) : id.padStart(32, "0")));
  assert.equal(new Set(compared).size, 1, `there must be one trace: ${ids}`);
}
