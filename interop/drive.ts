// One request through a chain of services, sent by a client that no tracing sees.

import http, { type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import type { FinishedSpan, PropagatorName } from "node-opentracing";
import { untraced } from "#src/untraced.js";
import { type PeerProcess, timeLimit } from "./child.js";
import { chainUrl, type Hop, hopsOf } from "./hop.js";
import type { StartOwnService } from "./own-service.js";

/** What came of one request through a chain. */
export interface Drive {
  /** The first hop first. */
  readonly hops: readonly Hop[];
  /** Which of them are ours. */
  readonly isOurs: readonly boolean[];
  /** What our reporter got. */
  readonly reported: readonly FinishedSpan[];
}

export interface DriveOptions {
  readonly peer: PeerProcess;
  readonly startOurs: StartOwnService;
  readonly format: PropagatorName;
  /** What ours would decide for a trace that begins in it. */
  readonly oursKeeps: boolean;
  /** What the first hop sets its baggage item to; undefined for no baggage. */
  readonly item: string | undefined;
  /** Milliseconds for the request. */
  readonly callLimit: number;
  /** Who is the first and the last hop. */
  readonly first: "peer" | "ours";
}

/** Milliseconds for our service to end after a request that has failed, whose hops may hang. */
const STOP_LIMIT = 1_000;

/** Starts our service, sends the request, and waits until all is reported. */
export async function driveChain({ peer, first, ...options }: DriveOptions): Promise<Drive> {
  const propagators: PropagatorName[] =
    options.format === "tracecontext" ? ["tracecontext", "baggage"] : [options.format];
  const ours = await options.startOurs({ propagators, sampled: options.oursKeeps });
  try {
    const isOurs = first === "ours" ? [true, false, true] : [false, true, false];
    const ports = isOurs.map((own) => (own ? ours.port : peer.port));
    const answer = await get(chainUrl(ports, options.item), options.callLimit);
    await ours.stop();
    const hops = hopsOf(answer);
    if (hops.length !== ports.length) throw new Error(`there must be three hops: ${JSON.stringify(answer)}`);
    return { hops, isOurs, reported: ours.reporter.spans };
  } catch (error) {
    const limit = timeLimit(STOP_LIMIT);
    await Promise.race([ours.stop(), limit.passed]).catch(() => {});
    limit.clear();
    throw new Error(`${(error as Error).message}\n${peer.log?.() ?? ""}`);
  }
}

async function get(url: string, limit: number): Promise<Hop> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const options = { agent: false, signal: AbortSignal.timeout(limit) };
    untraced(() => http.get(url, options, resolve)).on("error", reject);
  });
  const body = await text(response);
  if (response.statusCode !== 200)
    throw new Error(`GET ${url} answered ${response.statusCode}: ${body.slice(0, 2000)}`);
  return JSON.parse(body) as Hop;
}
