// A service in a process of its own, so that the test itself is in no trace.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import http from "node:http";
import { after } from "node:test";
import { fileURLToPath } from "node:url";
import { installed } from "./protocols.js";

export interface Service {
  readonly port: number;
  get(path: string, headers?: http.OutgoingHttpHeaders): Promise<{ status: number | undefined; body: string }>;
  /** Sends a signal, SIGTERM by default, and answers what it has printed. */
  end(signal?: NodeJS.Signals): Promise<{ output: string; errors: string; signal: NodeJS.Signals | null }>;
}

export interface ServiceOptions {
  /** Whether the entry `node-opentracing/register` comes first. */
  readonly register?: boolean;
  /** Arguments of Node before that. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Arguments of the program. */
  readonly programArgs?: readonly string[];
  /** Where tracers are looked up. */
  readonly cwd?: string;
}

const running = new Set<ChildProcess>();
after(() => {
  for (const child of running) child.kill("SIGKILL");
});

/** Starts a compiled file of this repository, and waits until it prints its port. */
export async function startService(
  file: URL,
  { register = false, args = [], programArgs = [], env = {}, cwd = installed }: ServiceOptions,
): Promise<Service> {
  const first = register ? ["--import", import.meta.resolve("node-opentracing/register")] : [];
  const child = spawn(process.execPath, [...args, ...first, fileURLToPath(file), ...programArgs], {
    cwd,
    env: { ...process.env, ...env },
  });
  running.add(child);
  let output = "";
  let errors = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  const closed = once(child, "close");
  while (portIn(output) === undefined) {
    await Promise.race([once(child.stdout, "data"), closed]);
    if (hasEnded(child)) throw new Error(`${file.pathname} ended: ${output}${errors}`);
  }
  const port = portIn(output)!;
  return {
    port,
    get: (path, headers) => get(port, path, headers),
    async end(signal: NodeJS.Signals = "SIGTERM") {
      child.kill(signal);
      await closed;
      running.delete(child);
      return { output, errors, signal: child.signalCode };
    },
  };
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function portIn(output: string): number | undefined {
  const port = /(?:port |127\.0\.0\.1:)(\d+)/.exec(output)?.[1];
  return port === undefined ? undefined : Number(port);
}

async function get(port: number, path: string, headers: http.OutgoingHttpHeaders = {}) {
  const request = http.get({ host: "127.0.0.1", port, path, headers, agent: false });
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  return { status: response.statusCode, body: (await response.setEncoding("utf8").toArray()).join("") };
}
