// An application of two servers that OpenTelemetry's HTTP instrumentations and ours trace at once. Run by http-instrumentation.test.ts:
// it prints the span tree, the warnings, and whether each request carried the ids of a client span.
//
//     node http-app.js ours-first|theirs-first require|import [servers-only|clients-only]

import type * as Http from "node:http";
import { createRequire, register } from "node:module";
import type { AddressInfo } from "node:net";
import { pathToFileURL } from "node:url";
import { diagnostics, initTracing, MemoryReporter } from "node-opentracing";
import { spanTree } from "node-opentracing/testing";
import { spanIdHex } from "#src/trace-context.js";
import { api, peers, registerOpenTelemetry, requirePeer } from "./api.js";

const [order, form, traced] = process.argv.slice(2);
const reporter = new MemoryReporter();
const warnings: string[] = [];
process.on("warning", ({ name, message }) => name === "OpenTracingWarning" && warnings.push(message));

function startOurs(): () => Promise<void> {
  const tracing = initTracing({
    reporter,
    traceClient: traced !== "servers-only",
    traceAll: traced !== "clients-only",
  });
  registerOpenTelemetry(tracing);
  return () => tracing.close();
}

/** Patches http as it does in an application: when that is required or imported. */
async function startTheirs(): Promise<typeof Http> {
  if (form === "import") register("@opentelemetry/instrumentation/hook.mjs", pathToFileURL(`${peers}/index.js`));
  new (requirePeer("@opentelemetry/instrumentation-http").HttpInstrumentation)();
  new (requirePeer("@opentelemetry/instrumentation-undici").UndiciInstrumentation)();
  return form === "import" ? (await import("node:http")).default : createRequire(import.meta.url)("http");
}

let close: () => Promise<void>;
let http: typeof Http;
if (order !== "theirs-first") {
  close = startOurs();
  http = await startTheirs();
} else {
  http = await startTheirs();
  close = startOurs();
}

const lib = api.trace.getTracer("lib");
const sent: (string | undefined)[] = [];

function listening(handler: Http.RequestListener): Promise<string> {
  const server = http.createServer(handler);
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  });
}

/** The parent's id that came in. */
function note({ headers }: Http.IncomingMessage): void {
  sent.push((headers["traceparent"] as string | undefined)?.slice(36, 52));
}

function get(url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    http.get(url, (response) => response.resume().on("end", () => resolve())).on("error", reject);
  });
}

const leaf = await listening((request, response) => {
  note(request);
  request.resume().on("end", () => lib.startSpan("request read").end());
  response.on("finish", () => lib.startSpan("response sent").end());
  lib.startActiveSpan("leaf work", (span) => {
    api.trace.getActiveSpan()!.setAttribute("seen", true);
    span.end();
  });
  setImmediate(() => response.end("leaf"));
});
const front = await listening(async (request, response) => {
  note(request);
  api.trace.getActiveSpan()?.setAttribute("by.api", true);
  await get(`${leaf}/a`);
  await (await fetch(`${leaf}/b`)).text();
  lib.startSpan("after").end();
  response.end("front");
});
await lib.startActiveSpan("program", async (program) => {
  await get(`${front}/`);
  program.end();
});
await reporter.waitFor(14);

const clients = reporter.spans.filter(({ tags }) => tags.includes("client")).map(({ context }) => spanIdHex(context));
process.stdout.write(
  JSON.stringify({
    tree: spanTree(reporter.spans, { tags: ["by.api", "seen"] }),
    warnings,
    leftOut: diagnostics()["instrumentation.doubled"],
    ours: sent.map((id) => clients.includes(id ?? "")),
  }),
);
await close();
process.exit();
