// The chains of the interop run see each fault of a peer, and nothing else.

import assert from "node:assert/strict";
import { test } from "node:test";
import { startOwnTornadoService } from "../../interop/own-tornado-service.js";
import { checkChains, type PeerChain, unsupportedChain } from "../../interop/peer-chain.js";
import { type PartResult, runPart } from "../../interop/run-part.js";
import { section } from "../../interop/table.js";
import { type Fault, startFaultyPeer } from "./faulty-peer.js";

const silent = (): void => {};

async function resultOf(fault: Fault | undefined, traits: Partial<PeerChain> = {}): Promise<PartResult> {
  const chain: PeerChain = {
    peer: "peer",
    format: "tracecontext",
    start: (environment) => startFaultyPeer(environment, fault),
    ...traits,
  };
  return runPart({ name: "a part", light: true, run: (stage) => checkChains(stage, chain) }, silent);
}

/** The outcomes of one trace, parents, kept, dropped and baggage, a line a direction: `ok` as `.`, FAIL as `F`. */
function picture({ cells }: PartResult): string {
  const of = (direction: string): string =>
    cells
      .filter((cell) => cell.direction === direction)
      .map(({ outcome }) => (outcome === "ok" ? "." : outcome === "FAIL" ? "F" : "-"))
      .join("");
  return [...new Set(cells.map(({ direction }) => direction))].map((one) => `${one} ${of(one)}`).join("\n");
}

test("a peer without a fault passes, in every format", async () => {
  for (const format of ["tracecontext", "jaeger", "datadog"] as const) {
    assert.equal(picture(await resultOf(undefined, { format })), "peer → ours → peer .....\nours → peer → ours .....");
  }
  for (const format of ["b3", "b3multi", "xray"] as const) {
    assert.equal(picture(await resultOf(undefined, { format })), "peer → ours → peer ....-\nours → peer → ours ....-");
  }
  const short = await resultOf(undefined, { format: "ottrace", bits: 64 });
  assert.equal(picture(short), "peer → ours → peer .....\nours → peer → ours .....");
});

test("a peer beside our Tornado-style service passes", async () => {
  const result = await resultOf(undefined, { ours: { name: "Tornado", start: startOwnTornadoService } });
  assert.equal(picture(result), "peer → Tornado → peer .....\nTornado → peer → Tornado .....");
});

/** A third hop that has lost the trace decides like the first, which is the same peer: "kept" holds, and "one trace" does not. */
const SEEN: readonly (readonly [Fault, outside: string, inside: string])[] = [
  ["reads no headers", "FF.FF", "FFFFF"],
  ["writes no headers", "FFFFF", "FF.FF"],
  ["decides by itself", ".....", "..FF."],
  ["loses baggage", "....F", "....F"],
  ["sends its server's span as the parent", ".F...", ".F..."],
  ["answers 500", "FFFFF", "FFFFF"],
  ["makes no call", "FFFFF", "FFFFF"],
];

for (const [fault, outside, inside] of SEEN) {
  test(`a peer that ${fault} is seen`, async () => {
    assert.equal(picture(await resultOf(fault)), `peer → ours → peer ${outside}\nours → peer → ours ${inside}`);
  });
}

test("a peer that never answers fails in every cell, in its time", async () => {
  const result = await resultOf("never answers", { callLimit: 20 });
  assert.equal(picture(result), "peer → ours → peer FFFFF\nours → peer → ours FFFFF");
});

test("a peer that does not start fails in every cell", async () => {
  const result = await resultOf(undefined, { start: () => Promise.reject(new Error("no such module")) });
  assert.equal(picture(result), "peer → ours → peer FFFFF\nours → peer → ours FFFFF");
  assert.deepEqual([...new Set(result.cells.map(({ reason }) => reason))], ["no such module"]);
});

test("what a peer has not is told with its reason", async () => {
  const result = await runPart(
    {
      name: "peers",
      light: true,
      async run(stage) {
        const start: PeerChain["start"] = (environment) => startFaultyPeer(environment);
        await checkChains(stage, { peer: "a", format: "jaeger", start, noBaggage: "it has none" });
        await checkChains(stage, { peer: "a", format: "tracecontext", start, plainBaggage: "it garbles blanks" });
        unsupportedChain(stage, "a", "xray", "it does not know it");
      },
    },
    silent,
  );
  assert.equal(
    section(result),
    `## peers

- a: faulty 1

| peer | format       | direction          | one trace         | parents           | kept              | dropped           | baggage           | baggage of any text |
| ---- | ------------ | ------------------ | ----------------- | ----------------- | ----------------- | ----------------- | ----------------- | ------------------- |
| a    | jaeger       | peer → ours → peer | ok                | ok                | ok                | ok                | not supported (1) |                     |
| a    | jaeger       | ours → peer → ours | ok                | ok                | ok                | ok                | not supported (1) |                     |
| a    | tracecontext | peer → ours → peer | ok                | ok                | ok                | ok                | ok                | not supported (2)   |
| a    | tracecontext | ours → peer → ours | ok                | ok                | ok                | ok                | ok                | not supported (2)   |
| a    | xray         | peer → ours → peer | not supported (3) | not supported (3) | not supported (3) | not supported (3) | not supported (3) |                     |
| a    | xray         | ours → peer → ours | not supported (3) | not supported (3) | not supported (3) | not supported (3) | not supported (3) |                     |

(1) Not supported: it has none.${"  "}
(2) Not supported: it garbles blanks.${"  "}
(3) Not supported: it does not know it.`,
  );
});
