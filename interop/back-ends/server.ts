// Starts a real back end as a process of its own, on 127.0.0.1, and ends it.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";

export interface ServerOptions {
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly cwd?: string | undefined;
  /** What it prints once it takes requests. */
  readonly ready: RegExp;
}

/** Milliseconds to start in, on a machine that is busy with other things. */
const START_LIMIT = 120_000;
/** Milliseconds from SIGTERM to SIGKILL. */
const STOP_LIMIT = 15_000;
/** Characters of what it printed that an error shows. */
const SHOWN = 4_000;

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** A running back end. It ends with this process at the latest. */
export class Server {
  readonly #child: ChildProcess;
  #printed = "";

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Starts it and waits until it is ready. Rejects with what it printed where it ends before, or takes two minutes. */
  static async start(command: string, args: readonly string[], options: ServerOptions): Promise<Server> {
    const { env, cwd, ready } = options;
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    running.add(child);
    child.once("exit", () => running.delete(child));
    const server = new Server(child);
    await new Promise<void>((resolve, reject) => {
      const fail = (what: string): void => {
        reject(new Error(`${command} ${what}:\n${server.#printed.slice(-SHOWN)}`));
      };
      const timer = setTimeout(() => {
        child.kill("SIGKILL");
        fail(`was not ready within ${START_LIMIT} ms`);
      }, START_LIMIT);
      child.on("error", (error) => fail(`cannot be started (${error.message})`));
      child.on("exit", (code, signal) => {
        clearTimeout(timer);
        fail(`ended with ${signal ?? code}`);
      });
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding("utf8");
        stream.on("data", (text: string) => {
          server.#printed += text;
          if (!ready.test(server.#printed)) return;
          clearTimeout(timer);
          resolve();
        });
      }
    });
    return server;
  }

  /** All that it has printed. */
  get printed(): string {
    return this.#printed;
  }

  /** Ends it; a second call waits for the same end. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_LIMIT);
    child.kill("SIGTERM");
    await ended;
    clearTimeout(timer);
  }
}

// Below the ports that Linux gives to connections on their way out, or one of those might take it between two starts.
const FIRST_PORT = 20_000;
const LAST_PORT = 32_000;
let nextPort = FIRST_PORT + ((process.pid * 97) % (LAST_PORT - FIRST_PORT));

/** A port of 127.0.0.1 that nothing listens on, and that a server can have again after it was stopped. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = nextPort;
    nextPort = nextPort >= LAST_PORT ? FIRST_PORT : nextPort + 1;
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => resolve(true));
    });
    if (!isFree) continue;
    server.close();
    await once(server, "close");
    return port;
  }
}
