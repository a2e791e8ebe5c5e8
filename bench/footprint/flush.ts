// How long the sending of a full batch keeps the event loop: `node footprint/flush.js SINK BATCHES`. Prints `Flushes`, as JSON.

import { setImmediate as nextTurn } from "node:timers/promises";
import { OtlpReporter, Tracer } from "node-opentracing";
import { undisturbed } from "../quiet.ts";
import { BATCH, type Flushes, UNCOUNTED } from "./batches.ts";

const [sink, batches] = process.argv.slice(2).map(Number);
const reporter = new OtlpReporter({ endpoint: `http://127.0.0.1:${sink}/v1/traces`, maxExportBatchSize: BATCH });
const tracer = new Tracer({ reporter });
const flushes: Flushes = { counted: [], disturbed: [] };
for (let i = 0; i < UNCOUNTED; i++) await flush();
for (let i = 0; i < batches!; i++) {
  flushes.counted.push(await undisturbed(flush, (block) => flushes.disturbed.push(block)));
}
console.log(JSON.stringify(flushes));
process.exit(0);

/** Sends a batch. Answers the longest turn of the event loop meanwhile, in milliseconds. */
async function flush(): Promise<number> {
  for (let j = 1; j < BATCH; j++) request();
  await nextTurn();
  let isAnswered = false;
  let before = performance.now();
  // The span that fills the batch, and each turn of the event loop until the back end's answer has been read.
  request();
  void reporter.flush().then(() => {
    isAnswered = true;
  });
  let block = performance.now() - before;
  while (!isAnswered) {
    before = performance.now();
    await nextTurn();
    block = Math.max(block, performance.now() - before);
  }
  return block;
}

function request(): void {
  const tags = { "span.kind": "server", component: "net/http", "http.method": "GET", "http.url": "/users/42" };
  tracer.startSpan("GET /users/:id", { tags }).setTag("http.status_code", 200).finish();
}
