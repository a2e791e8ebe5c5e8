// npm start: three services, each a process of its own, that call one another; each trace is printed as a tree.
//
//   npm start                    serves on http://127.0.0.1:8080 (or PORT) until Ctrl-C
//   npm start -- --requests 5    sends five requests itself, prints their traces and ends
//
// The services export over OTLP to the small collector in this process, which prints what it gets and passes it on to the
// collector at OTEL_EXPORTER_OTLP_ENDPOINT (http://localhost:4318 if unset), if there is one.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { get } from "node:http";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { TraceCollector } from "./trace-collector.js";

const requests = requestsWanted();

// The services send every 200 ms, whichever part of a trace they have: a while after its last news it is whole.
const collector = await TraceCollector.start(requests === undefined ? 700 : undefined);
const services: ChildProcess[] = [];
const stock = await startService("stock", {});
const orders = await startService("orders", { STOCK_URL: stock });
const port = requests === undefined ? (process.env["PORT"] ?? "8080") : "0";
const gateway = await startService("gateway", { ORDERS_URL: orders, PORT: port });

if (requests === undefined) {
  console.log(`gateway on ${gateway}. In another terminal:\n`);
  console.log(`  curl ${gateway}/orders/7      # an order`);
  console.log(`  curl ${gateway}/orders/0      # fails`);
  console.log(`  curl ${gateway}/slow          # takes 400 ms`);
  console.log(`  curl -m 0.1 ${gateway}/slow   # a client that does not wait\n`);
  console.log("Ctrl-C ends.\n");
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void end());
} else {
  for (let i = 0; i < requests; i++) await sendRequest(i);
  await end();
}

/** The number after `--requests`, undefined where it was not given. Ends the program for anything else. */
function requestsWanted(): number | undefined {
  try {
    const { requests: text } = parseArgs({ options: { requests: { type: "string" } } }).values;
    if (text === undefined) return undefined;
    if (/^[1-9]\d*$/.test(text)) return Number(text);
  } catch {
    // parseArgs says it in its own way.
  }
  console.error("npm start [-- --requests N]: N must be a whole number of 1 or more");
  return process.exit(2);
}

/** Five kinds of requests, in turn: two that work, one that fails, a slow one, and one whose client goes away. */
async function sendRequest(i: number): Promise<void> {
  const path = ["/orders/1", "/orders/2", "/orders/0", "/slow", "/slow"][i % 5];
  const aborts = i % 5 === 4;
  await new Promise<void>((resolve) => {
    const request = get(gateway + path, (response) => response.resume().on("end", resolve));
    request.on("error", () => resolve()); // the aborted one
    if (aborts) setTimeout(() => request.destroy(), 100);
  });
}

/** Forks a service and answers its address. */
async function startService(name: string, env: Record<string, string>): Promise<string> {
  const service = fork(fileURLToPath(new URL(`./${name}.js`, import.meta.url)), {
    env: { ...process.env, PORT: "0", ...collector.environment(), ...env },
  });
  services.push(service);
  const [address] = await Promise.race([
    once(service, "message"),
    once(service, "exit").then(() => {
      throw new Error(`the service ${name} did not start`);
    }),
  ]);
  return String(address);
}

/**
 * Ends the services from the first to the last, so that what is under way comes to its end; they send their last spans as
 * they go. Then prints what has not been printed.
 */
async function end(): Promise<void> {
  for (const service of services.reverse()) {
    if ((service.exitCode ?? service.signalCode) !== null) continue;
    const ended = once(service, "exit");
    service.kill("SIGTERM");
    await ended;
  }
  await collector.close();
}
