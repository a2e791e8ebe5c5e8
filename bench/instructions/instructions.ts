// Instructions a request, and misses of the instruction cache: what noise does not move. Each variant in a process of its own under Callgrind, one after the other.

import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Child } from "../child.ts";
import { exchange } from "../load/answer.ts";
import { chosen, type Options } from "../options.ts";
import { versionOf } from "../release.ts";
import { type InstructionRun, put, type Results } from "../results.ts";
import type { Received } from "../sink/program.ts";
import { isSilent, VARIANTS } from "../variants/variant.ts";
import { occasion } from "../versions.ts";
import { familyOf, WORKLOADS, type Workload } from "../workloads/workload.ts";
import { begin, type Count, counted, end, hasCallgrind, isForLater } from "./callgrind.ts";

const COMPARED = ["hello", "express", "fastify", "clients", "fetch", "request"];
/** Of a cluster, the instructions are those of several processes. */
const GROWING = Object.keys(WORKLOADS).filter((name) => familyOf(name) !== undefined && familyOf(name) !== "workers");
const VARIANTS_COMPARED = [
  "untraced",
  "unsampled",
  "unexported",
  "ours",
  "floor",
  "opentelemetry",
  "opentelemetry-full",
  "datadog",
];
/** Requests: before V8 has compiled all there is, and those that are counted. Fewer where one has more than ten spans. */
const WARM_UP = 20_000;
const COUNTED = 3_000;

/** Counts what the options choose on one Node, adds it to the results, and prints it. */
export async function runInstructions(
  options: Options,
  node: string,
  results: Results,
  save: () => void,
): Promise<void> {
  if (!hasCallgrind) {
    console.log("\ninstructions: left out, for there is no Valgrind (apt-get install valgrind)");
    return;
  }
  const version = versionOf(node);
  const workloads =
    options.workloads.length === 0 ? [...COMPARED, ...GROWING] : chosen(options.workloads, WORKLOADS, "workload");
  for (const workload of workloads) {
    const rows: object[] = [];
    const own = WORKLOADS[workload]!.variants ?? VARIANTS_COMPARED;
    const names = options.variants.length === 0 ? own : chosen(options.variants, VARIANTS, "variant");
    for (const variant of names) {
      const counts: Count[] = [];
      for (let i = 0; i < options.generations; i++) counts.push(await countOf(workload, variant, node, options.quick));
      const [instructions, misses] = [counts.map((one) => one.instructions), counts.map((one) => one.misses)];
      const row: InstructionRun = { workload, variant, node: version, ...occasion, instructions, misses };
      put(results.instructions, row, ["workload", "variant"]);
      rows.push({ variant, instructions: instructions.join(", "), misses: misses.join(", ") });
      save();
    }
    console.log(`\ninstructions a request, ${workload} (Node ${version})`);
    console.table(rows);
  }
}

/** @throws Error where a process fails, an answer is missing, or, unless it is quick, fewer than half of the spans came that shall be sent */
async function countOf(name: string, variant: string, node: string, isQuick: boolean): Promise<Count> {
  const workload = WORKLOADS[name]!;
  const share = (isQuick ? 0.02 : 1) / Math.max(1, workload.spans / 10);
  const folder = mkdtempSync(join(tmpdir(), "callgrind-"));
  const file = join(folder, "out");
  const sink = new Child("serving", "sink/program", { args: ["1"] });
  const upstream = new Child("serving", "upstream", {});
  const all = [sink, upstream];
  try {
    const [[port], upstreamPort] = await Promise.all([sink.answer<number[]>(), upstream.answer<number>()]);
    const args = [variant, workload.file ?? name, String(port), String(upstreamPort), String(workload.option ?? 0)];
    const server = new Child("measured", "server", { ...counted(node, file), args });
    all.push(server);
    const ask = await asker(await server.answer<number>(), workload);
    const [warmUp, requests] = [WARM_UP, COUNTED].map((count) => Math.ceil(count * share)) as [number, number];
    await ask(warmUp);
    await begin(server.pid);
    await ask(requests);
    const counts = await end(server.pid, file);
    ask.end();
    const [received] = await sink.ask<Received[]>("received");
    // What is in the last batch is still to come, and of a peer what it has dropped.
    const least = isSilent(variant) || isQuick ? 0 : (warmUp + requests) / 2;
    if (received!.served < least || (isSilent(variant) && received!.spans > 0)) {
      throw new Error(`${variant} sent ${received!.spans} spans, ${received!.served} of served requests`);
    }
    const sum: Count = { instructions: 0, misses: 0 };
    for (const [of, { instructions, misses }] of counts) {
      if (isForLater(of)) continue;
      sum.instructions += instructions;
      sum.misses += misses;
    }
    return { instructions: Math.round(sum.instructions / requests), misses: Math.round(sum.misses / requests) };
  } finally {
    await Promise.all(all.map((one) => one.end()));
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A function that sends so many requests over the connections of a workload, and resolves when all are answered; `end` closes them. */
async function asker(
  port: number,
  { path, headers = {}, connections }: Workload,
): Promise<((count: number) => Promise<void>) & { end(): void }> {
  const lines = Object.entries({ host: "127.0.0.1", ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  const request = `GET ${path} HTTP/1.1\r\n${lines.join("")}\r\n`;
  const sockets = Array.from({ length: connections }, () => connect(port, "127.0.0.1").setEncoding("latin1"));
  await Promise.all(sockets.map((socket) => once(socket, "connect")));
  const ask = async (count: number): Promise<void> => {
    let left = count;
    const loop = async (socket: (typeof sockets)[number]): Promise<void> => {
      while (left-- > 0) {
        const answer = await exchange(socket, request);
        if (!answer.startsWith("HTTP/1.1 200")) throw new Error(`the server answered ${answer.slice(0, 60)}`);
      }
    };
    await Promise.all(sockets.map(loop));
  };
  return Object.assign(ask, { end: () => sockets.forEach((socket) => void socket.destroy()) });
}
