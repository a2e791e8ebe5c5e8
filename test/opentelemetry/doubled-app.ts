// An application with OpenTelemetry's HTTP instrumentations and initTracing in one process; prints its spans as a picture.
// Arguments: SDK 2 or 3, who comes first, how node:http gets here, and "dropped" where the sampler is to drop all.

import { once } from "node:events";
import * as imported from "node:http";
import net, { type AddressInfo } from "node:net";
import { diagnostics, initTracing, type Tracing } from "node-opentracing";
import { type Instrumentation, loadSdk, type ReadableSpan } from "./sdk.js";
import { otelTree } from "./tree.js";

const [sdkMajor, first, style, dropped] = process.argv.slice(2);
const sdk = await loadSdk(sdkMajor === "3" ? 3 : 2);
const { api, require } = sdk;
const undici: { request(url: string): Promise<{ body: { text(): Promise<string> } }> } = (await import(
  "undici"
)) as never;

const spans: ReadableSpan[] = [];
const provider = sdk.provider((span) => spans.push(span), dropped === undefined ? undefined : sdk.never);
api.trace.setGlobalTracerProvider(provider);

function startOpenTelemetry(): void {
  const instrumentations = ["Http", "Undici", "Express"].map((name): Instrumentation => {
    const loaded = require(`@opentelemetry/instrumentation-${name.toLowerCase()}`);
    return new loaded[`${name}Instrumentation`]();
  });
  require("@opentelemetry/instrumentation").registerInstrumentations({ instrumentations });
  // Its patches are made when somebody requires the module, as Express does.
  if (style !== "loader") require("node:http");
}

let tracing: Tracing;
function startOurs(): void {
  tracing = initTracing(sdk.ours.openTelemetryBinding());
}

for (const start of first === "ours" ? [startOurs, startOpenTelemetry] : [startOpenTelemetry, startOurs]) start();
await new Promise(setImmediate);

const http: typeof imported = style === "require" ? require("node:http") : imported;
const express = require("express");
const app = express();

app.get("/orders/:id", async (request: object, response: { send(text: string): void }) => {
  tracing.getSpan(request)!.setTag("seen", true);
  const url = `http://localhost:${(server.address() as AddressInfo).port}/stock`;
  const text = await new Promise<string>((resolve) => {
    http.get(url, (answer) => {
      let body = "";
      answer.on("data", (chunk) => {
        body += chunk;
      });
      answer.on("end", () => {
        api.trace.getTracer("app").startSpan("in the callback").end();
        resolve(body);
      });
    });
  });
  const fetched = await fetch(url.replace("stock", "moved")).then((answer) => answer.text());
  const requested = await undici.request(url).then(({ body }) => body.text());
  response.send(text + fetched + requested);
});
app.get("/moved", (_request: object, response: { redirect(to: string): void }) => response.redirect("/stock"));
app.get("/stock", async (_request: object, response: { send(text: string): void }) => {
  await tracing.startActiveSpan("count", async () => {});
  response.send("7");
});

const server = http.createServer(app).listen(0);
await once(server, "listening");

// By a bare socket, for a client of ours would be traced.
const socket = net.connect((server.address() as AddressInfo).port);
socket.write("GET /orders/7 HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n");
let answer = "";
for await (const chunk of socket) answer += chunk;
server.close();
server.closeAllConnections();
while (dropped === undefined && spans.filter(({ kind }) => kind === 1).length < 5) await new Promise(setImmediate);

const seen = spans.filter(({ attributes }) => attributes["seen"] === true).length;
console.log(
  JSON.stringify({
    answer: answer.slice(-3),
    tree: otelTree(spans),
    seen,
    doubled: diagnostics()["instrumentation.doubled"],
  }),
);
await tracing!.close();
