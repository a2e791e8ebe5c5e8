// Takes all measures of the guard on one Node, each program in a fresh process.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { program } from "../places.ts";
import type { Figures } from "./judge.ts";
import type { OperationCost } from "./operations.ts";
import type { RequestCost } from "./requests.ts";

/**
 * Nothing is optimised, so that code allocates what is written and not what a compiler has left of it by then; all feedback is
 * there from the start; nothing is collected within a period.
 */
const DETERMINED = [
  "--no-opt",
  "--no-sparkplug",
  "--no-maglev",
  "--no-lazy-feedback-allocation",
  "--expose-gc",
  "--min-semi-space-size=64",
  "--max-semi-space-size=128",
];

const run = promisify(execFile);

export async function measure(node: string): Promise<Figures> {
  const requests = (variant: string, workload: string) =>
    output<RequestCost>(node, "guard/requests", [variant, workload], DETERMINED);
  const untraced = await requests("untraced", "hello");
  const unsampled = await requests("unsampled", "hello");
  const ours = await requests("ours", "hello");
  // Express allocates by chance, by hundreds of bytes.
  const fastify = await requests("untraced", "fastify");
  const ownFastify = await requests("ours", "fastify");
  const operations = await output<Required<OperationCost>>(node, "guard/operations", [], DETERMINED);
  return {
    "bytes added to a request": ours.bytes - untraced.bytes,
    "bytes added to an unsampled request": unsampled.bytes - untraced.bytes,
    "listeners added to a request": ours.listeners - untraced.listeners,
    "async resources added to a request": ours.asyncResources - untraced.asyncResources,
    "promises added to a request": ours.promises - untraced.promises,
    "headers read of a request": ours.headersRead - untraced.headersRead,
    "spans encoded of a request": ours.encoded,
    "bytes added to a request of Fastify": ownFastify.bytes - fastify.bytes,
    "listeners added to a request of Fastify": ownFastify.listeners - fastify.listeners,
    "async resources added to a request of Fastify": ownFastify.asyncResources - fastify.asyncResources,
    "bytes of a span": operations.span,
    "bytes of a span made by startActiveSpan": operations.active,
    "bytes of an inject": operations.inject,
    "bytes of an extract": operations.extract,
    "CPU of a span, in floors": await output<number>(node, "guard/floor-ratio", [], []),
  };
}

async function output<T>(node: string, name: string, args: string[], flags: readonly string[]): Promise<T> {
  const { stdout } = await run(node, [...flags, program(name), ...args]);
  return JSON.parse(stdout) as T;
}
