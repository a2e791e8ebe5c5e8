// A process of the benchmark: tied to one core where the system can, asked and answering by messages.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { program } from "./places.ts";
import { siblings, twoProcessors } from "./processors.ts";

/** On which of two cores: the measured process alone on one, all that serves it on the other. */
export type Core = "measured" | "serving";

const STATUS = "/proc/self/status";
const PROCESSORS = existsSync(STATUS) ? twoProcessors(readFileSync(STATUS, "utf8"), siblings) : undefined;
/** Milliseconds for an answer. */
const PATIENCE = 60_000;

/** Whether processes can be tied to cores: without, load and server disturb each other. */
export const canPin: boolean = PROCESSORS !== undefined && spawnSync("taskset", ["--version"]).error === undefined;

/** A command line, tied to a core where that is possible. */
export function pinned(core: Core, command: string, args: readonly string[]): [string, string[]] {
  const processor = PROCESSORS?.[core === "measured" ? 0 : 1];
  return canPin ? ["taskset", ["-c", processor!, command, ...args]] : [command, [...args]];
}

/** Flags of Node with which nothing is collected within a sample: its megabytes fit into the young generation. */
export const UNCOLLECTED: readonly string[] = ["--expose-gc", "--min-semi-space-size=128", "--max-semi-space-size=256"];

export interface ChildOptions {
  /** The Node that runs it; this one by default. */
  readonly node?: string;
  /** Flags of Node, before the program. */
  readonly flags?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export class Child {
  readonly #process: ChildProcess;
  readonly #name: string;

  /** Starts a compiled program of bench/. */
  constructor(core: Core, name: string, { node = process.execPath, flags = [], args = [], env = {} }: ChildOptions) {
    const [command, all] = pinned(core, node, [...flags, program(name), ...args]);
    this.#name = [name, ...args, ...Object.values(env)].join(" ");
    this.#process = spawn(command, all, {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      env: { ...process.env, NODE_ENV: "production", ...env },
    });
  }

  get pid(): number {
    return this.#process.pid!;
  }

  /** The next message. @throws Error where the process ends, or says nothing in a minute */
  async answer<T>(): Promise<T> {
    const ended = new AbortController();
    const signal = AbortSignal.any([ended.signal, AbortSignal.timeout(PATIENCE)]);
    const onExit = (code: number | null): void => ended.abort(new Error(`${this.#name} ended with code ${code}`));
    this.#process.once("exit", onExit);
    try {
      const [message] = await once(this.#process, "message", { signal });
      return message as T;
    } catch (error) {
      throw signal.aborted ? (signal.reason as Error) : error;
    } finally {
      this.#process.off("exit", onExit);
    }
  }

  ask<T>(question: string): Promise<T> {
    const answer = this.answer<T>();
    this.#process.send(question);
    return answer;
  }

  /** Lets go: programs of the benchmark end when nobody asks them any more. */
  async end(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = once(this.#process, "exit");
    if (this.#process.connected) this.#process.disconnect();
    const late = setTimeout(() => this.#process.kill("SIGKILL"), 10_000);
    await exited;
    clearTimeout(late);
  }
}
