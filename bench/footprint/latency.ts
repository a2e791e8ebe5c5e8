// How long answers take at half of the rate that the untraced server can bear.

import { Child } from "../child.ts";
import { prove } from "../generation.ts";
import { inTurn } from "../in-turn.ts";
import { load, type Paced, pacedLoad } from "../load/load.ts";
import type { Options } from "../options.ts";
import { undisturbed } from "../quiet.ts";
import { median } from "../statistics.ts";
import { WORKLOADS } from "../workloads/workload.ts";

const VARIANTS = ["untraced", "ours", "floor", "opentelemetry"] as const;
const CONNECTIONS = 32;

/** From which share of the requests on a server keeps up with them: how long others take tells how long they were asked. */
const KEEPS_UP = 0.99;

/** Milliseconds within which 99 of 100 requests were answered, by variant. */
export interface Latencies {
  /** The median of the rounds of each set of fresh servers that kept up. */
  readonly counted: ReadonlyMap<string, number[]>;
  /** The percentage of the requests that were answered in their time. */
  readonly answered: ReadonlyMap<string, number[]>;
  /** How late the load itself saw that a request was due, of 99 of 100. */
  readonly late: ReadonlyMap<string, number[]>;
  /** Of rounds that were measured again, for the host took the processors. */
  readonly disturbed: ReadonlyMap<string, number[]>;
}

/** Measures all variants in turn, each round in another order, with fresh servers for each generation. */
export async function latencies(options: Options, node: string): Promise<Latencies> {
  const counted = new Map<string, number[]>();
  const answered = new Map<string, number[]>();
  const late = new Map<string, number[]>();
  const disturbed = new Map<string, number[]>();
  for (let generation = 0; generation < options.generations; generation++) {
    const rounds = await measure(options, node, generation, disturbed);
    for (const [variant, values] of rounds) {
      const share = median(values.map((one) => one.rate / one.asked));
      add(answered, variant, Math.min(100, share * 100));
      if (share >= KEEPS_UP) add(counted, variant, median(values.map(({ p99 }) => p99)));
      add(late, variant, median(values.map((one) => one.late)));
    }
  }
  return { counted, answered, late, disturbed };
}

async function measure(
  options: Options,
  node: string,
  generation: number,
  disturbed: Map<string, number[]>,
): Promise<Map<string, Paced[]>> {
  const sink = new Child("serving", "sink/program", { args: [String(VARIANTS.length)] });
  const servers: { variant: string; child: Child; port: number }[] = [];
  const values = new Map<string, Paced[]>();
  try {
    const sinks = await sink.answer<number[]>();
    for (const [i, variant] of VARIANTS.entries()) {
      const child = new Child("measured", "server", { node, args: [variant, "hello", String(sinks[i]), "0", "0"] });
      servers.push({ variant, child, port: await child.answer<number>() });
    }
    const how = { path: "/hello", connections: CONNECTIONS, seconds: options.seconds };
    for (const { port } of servers) await load({ ...how, port, seconds: options.warmUp });
    const { rate } = await undisturbed(() => load({ ...how, port: servers[0]!.port }));
    for (let round = 0; round < options.rounds; round++) {
      for (const { variant, port } of inTurn(servers, round + generation)) {
        const once = (): Promise<Paced> => pacedLoad({ ...how, port }, Math.floor(rate / 2));
        add(values, variant, await undisturbed(once, (again) => add(disturbed, variant, again.p99)));
      }
    }
    await prove(servers, sink, WORKLOADS["hello"]!, generation);
    return values;
  } finally {
    await Promise.all([sink, ...servers.map(({ child }) => child)].map((one) => one.end()));
  }
}

function add<T>(values: Map<string, T[]>, variant: string, value: T): void {
  values.set(variant, [...(values.get(variant) ?? []), value]);
}
