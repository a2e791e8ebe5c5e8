// Drives a peer's service between two requests to ours, and ours between two to the peer's, and checks what each has seen.

import assert from "node:assert/strict";
import type { PropagatorName } from "node-opentracing";
import { checkBaggage, checkDropped, checkIds, checkKept, checkParents } from "./chain-checks.js";
import type { PeerProcess } from "./child.js";
import { type Drive, driveChain } from "./drive.js";
import { type StartOwnService, startOwnService } from "./own-service.js";
import type { Row, Stage } from "./part.js";

/** One peer, with one format. */
export interface PeerChain {
  /** The peer's name in the table: `Go, opentracing-go`. */
  readonly peer: string;
  /** `tracecontext` stands for W3C baggage too. */
  readonly format: PropagatorName;
  /** Starts the peer's service, with these variables in its environment. */
  readonly start: (environment: PeerEnvironment) => Promise<PeerProcess>;
  /** How many bits of a trace id travel: all by default. */
  readonly bits?: 64 | undefined;
  /** Why no baggage can travel. Formats that have none need not say so. */
  readonly noBaggage?: string | undefined;
  /** Why baggage must be a plain word: not every text arrives as it was sent. */
  readonly plainBaggage?: string | undefined;
  /** Whether the peer's server shares the span of its client, as Brave's do with B3. */
  readonly joins?: boolean | undefined;
  /** Milliseconds for one request through the three services: 30000 by default. */
  readonly callLimit?: number | undefined;
  /** Our service: by default that of `node:http`, `ours` in the table. */
  readonly ours?: { readonly name: string; readonly start: StartOwnService } | undefined;
}

/** The environment by which a peer's service is told what to be. */
export interface PeerEnvironment {
  readonly FORMAT: string;
  /** What the peer decides for a trace that begins in it: `1` keeps it, `0` drops it. */
  readonly SAMPLED: string;
}

/** What the baggage item is set to: no format but the one that encodes nothing sends it as it is. */
const ITEM = "red + & 7%";
const PLAIN_ITEM = "red";

const COLUMNS = ["one trace", "parents", "kept", "dropped", "baggage"];

/** The formats that have no baggage. */
const WITHOUT_BAGGAGE: Readonly<Partial<Record<PropagatorName, string>>> = {
  b3: "B3 has no baggage",
  b3multi: "B3 has no baggage",
  xray: "X-Ray's header has no baggage",
};

/** What came of the two requests in one direction. */
interface Outcomes {
  kept: Drive | Error;
  dropped: Drive | Error;
}

/**
 * All cells of one peer and format: both directions, kept and dropped. Whoever does not begin the trace would decide otherwise
 * by itself, so a decision that holds is the caller's.
 */
export async function checkChains(stage: Stage, chain: PeerChain): Promise<void> {
  const ours = chain.ours?.name ?? "ours";
  const { peerFirst, oursFirst } = await drivesOf(stage, chain);
  await checkDirection(stage, chain, `peer → ${ours} → peer`, peerFirst);
  await checkDirection(stage, chain, `${ours} → peer → ${ours}`, oursFirst);
}

/** The cells of a format that a peer has not, though its like have it. */
export function unsupportedChain(stage: Stage, peer: string, format: PropagatorName, reason: string): void {
  for (const direction of ["peer → ours → peer", "ours → peer → ours"]) {
    for (const what of COLUMNS) stage.unsupported({ peer, format, direction, what }, reason);
  }
}

async function drivesOf(stage: Stage, chain: PeerChain): Promise<{ peerFirst: Outcomes; oursFirst: Outcomes }> {
  const [keeper, dropper] = await Promise.all(
    ["1", "0"].map((SAMPLED) => orError(chain.start({ FORMAT: chain.format, SAMPLED }))),
  );
  try {
    const keeping = await drivesWith(stage, chain, keeper!, true);
    const dropping = await drivesWith(stage, chain, dropper!, false);
    return {
      peerFirst: { kept: keeping.peerFirst, dropped: dropping.peerFirst },
      oursFirst: { kept: dropping.oursFirst, dropped: keeping.oursFirst },
    };
  } finally {
    await Promise.all([keeper, dropper].map((peer) => (peer instanceof Error ? undefined : peer?.stop())));
  }
}

/** Both directions with a peer that would keep, or drop, and ours that would do the contrary. */
async function drivesWith(
  stage: Stage,
  chain: PeerChain,
  peer: PeerProcess | Error,
  peerKeeps: boolean,
): Promise<{ peerFirst: Drive | Error; oursFirst: Drive | Error }> {
  if (peer instanceof Error) return { peerFirst: peer, oursFirst: peer };
  stage.started(chain.peer, peer.version);
  const startOurs = chain.ours?.start ?? startOwnService;
  const { format, callLimit = 30_000 } = chain;
  const setup = { peer, startOurs, format, callLimit, oursKeeps: !peerKeeps, item: itemOf(chain) };
  return {
    peerFirst: await orError(driveChain({ ...setup, first: "peer" })),
    oursFirst: await orError(driveChain({ ...setup, first: "ours" })),
  };
}

async function checkDirection(stage: Stage, chain: PeerChain, direction: string, outcomes: Outcomes): Promise<void> {
  const row = (what: string): Row => ({ peer: chain.peer, format: chain.format, direction, what });
  const check = (what: string, outcome: Drive | Error, run: (drive: Drive, chain: PeerChain) => void): Promise<void> =>
    stage.check(row(what), () => {
      if (outcome instanceof Error) throw outcome;
      run(outcome, chain);
    });
  await check("one trace", outcomes.kept, checkIds);
  await check("parents", outcomes.kept, checkParents);
  await check("kept", outcomes.kept, checkKept);
  await check("dropped", outcomes.dropped, checkDropped);
  const lack = lacksBaggage(chain);
  if (lack !== undefined) stage.unsupported(row("baggage"), lack);
  else await check("baggage", outcomes.kept, (drive) => checkBaggage(drive, itemOf(chain)));
  if (chain.plainBaggage !== undefined) stage.unsupported(row("baggage of any text"), chain.plainBaggage);
}

function itemOf(chain: PeerChain): string | undefined {
  if (lacksBaggage(chain) !== undefined) return undefined;
  return chain.plainBaggage === undefined ? ITEM : PLAIN_ITEM;
}

function lacksBaggage({ format, noBaggage }: PeerChain): string | undefined {
  return noBaggage ?? WITHOUT_BAGGAGE[format];
}

async function orError<T>(promise: Promise<T>): Promise<T | Error> {
  try {
    return await promise;
  } catch (error) {
    assert.ok(error instanceof Error);
    return error;
  }
}
