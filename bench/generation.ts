// One generation: fresh processes of all variants on one workload, loaded in turn, and the proof of what they sent.

import { setTimeout } from "node:timers/promises";
import { Child } from "./child.ts";
import { inTurn } from "./in-turn.ts";
import { load, pacedLoad } from "./load/load.ts";
import type { LadderPeriod, Proof } from "./results.ts";
import type { Snapshot } from "./server.ts";
import type { Received } from "./sink/program.ts";
import { VARIANTS } from "./variants/variant.ts";
import type { Workload } from "./workloads/workload.ts";

export interface GenerationOptions {
  readonly generation: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUp: number;
  /** The Node of the measured processes. */
  readonly node: string;
}

/** A measured process. */
interface Measured {
  readonly variant: string;
  readonly child: Child;
  readonly port: number;
}

/** Milliseconds without a span after which no more are expected. The slowest tracer sends every ten seconds. */
const QUIET = 11_000;

/** @throws Error where a process fails, a request fails, or spans are missing */
export async function runGeneration(
  name: string,
  workload: Workload,
  variants: readonly string[],
  options: GenerationOptions,
): Promise<{ periods: LadderPeriod[]; proofs: Proof[] }> {
  const sink = new Child("serving", "sink/program", { args: [String(variants.length)] });
  const upstream = new Child("serving", "upstream", {});
  const all: Child[] = [sink, upstream];
  try {
    const [ports, upstreamPort] = await Promise.all([sink.answer<number[]>(), upstream.answer<number>()]);
    const measured: Measured[] = [];
    for (const [i, variant] of variants.entries()) {
      const args = [
        variant,
        workload.file ?? name,
        String(ports[i]),
        String(upstreamPort),
        String(workload.option ?? 0),
      ];
      const child =
        workload.workers === undefined
          ? new Child("measured", "server", { node: options.node, args })
          : new Child("measured", "cluster", { node: options.node, args: [String(workload.workers), ...args] });
      all.push(child);
      measured.push({ variant, child, port: await child.answer<number>() });
    }
    const periods = await measure(measured, workload, options);
    return { periods, proofs: await prove(measured, sink, workload, options.generation) };
  } finally {
    await Promise.all(all.map((one) => one.end()));
  }
}

/** How long a period of a workload is: connections are made anew for each, and that shall not be most of it. */
export function secondsOf({ connections }: Workload, asked: number): number {
  return connections > 1000 ? Math.max(asked, 4) : asked;
}

async function measure(measured: Measured[], workload: Workload, options: GenerationOptions): Promise<LadderPeriod[]> {
  const { path, headers = {}, connections, rate: given } = workload;
  const apply = (port: number, asked: number) => {
    const how = { port, path, headers, connections, seconds: secondsOf(workload, asked) };
    return given === undefined ? load(how) : pacedLoad(how, given);
  };
  for (const { port } of measured) {
    // The first request loads what is loaded late, and may take its time.
    await (await fetch(`http://127.0.0.1:${port}${path}`, { headers })).text();
    await apply(port, options.warmUp);
  }
  const periods: LadderPeriod[] = [];
  // The first round is not recorded: by then the first server has waited for the warm-up of all others, and forgotten some of its own.
  for (let round = -1; round < options.rounds; round++) {
    // In the next generation the other way round.
    for (const { variant, child, port } of inTurn(measured, 1 + round + options.generation)) {
      const before = await child.ask<Snapshot>("snapshot");
      const { rate } = await apply(port, options.seconds);
      if (round < 0) continue;
      const after = await child.ask<Snapshot>("snapshot");
      const requests = after.requests - before.requests;
      const cpu = (after.cpu - before.cpu) / requests;
      const { generation } = options;
      periods.push({ variant, generation, round, requests, cpu, rate, memory: after.memory });
    }
  }
  return periods;
}

/** Waits until the sink, with a port for each process in their order, has all that can come, and says what it has. @throws Error where spans are missing */
export async function prove(
  measured: readonly Pick<Measured, "variant" | "child">[],
  sink: Child,
  workload: Workload,
  generation: number,
): Promise<Proof[]> {
  let last = -1;
  let since = performance.now();
  for (;;) {
    const received = await sink.ask<Received[]>("received");
    const proofs = await Promise.all(
      measured.map(async ({ variant, child }, i): Promise<Proof> => {
        const { requests, reported } = await child.ask<Snapshot>("snapshot");
        const { spans: sent, served, bytes, unreadable, reason } = received[i]!;
        const spans = VARIANTS[variant]!.proving === "reported" ? (reported ?? 0) : sent;
        if (unreadable > 0) throw new Error(`${variant} sent ${unreadable} bodies that cannot be read: ${reason}`);
        return { variant, generation, requests, spans, served, bytes };
      }),
    );
    const all = proofs.reduce((sum, { spans }) => sum + spans, 0);
    if (all !== last) since = performance.now();
    last = all;
    if (proofs.every((proof) => isWhole(proof, workload)) || performance.now() - since > QUIET) {
      for (const proof of proofs) check(proof, workload);
      return proofs;
    }
    await setTimeout(250);
  }
}

function isWhole({ variant, requests, served, spans, bytes }: Proof, workload: Workload): boolean {
  switch (VARIANTS[variant]!.proving) {
    case "nothing":
      return spans === 0;
    case "reported":
      return bytes === 0 && spans === requests * workload.spans;
    case "every span":
      return served === requests && spans === requests * workload.spans;
    case "requests":
      return served === requests;
  }
}

function check(proof: Proof, workload: Workload): void {
  const { variant, requests, served, spans } = proof;
  const { proving } = VARIANTS[variant]!;
  const isProved = proving === "requests" ? served >= requests / 10 && served <= requests : isWhole(proof, workload);
  if (isProved) return;
  throw new Error(
    `${variant}: ${requests} requests made ${served} spans of served requests, and ${spans} spans in all`,
  );
}
