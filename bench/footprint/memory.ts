// Whether memory stays flat over many spans: `node footprint/memory.js SINK SPANS`. Prints the resident bytes at ten points, as JSON.

import { OtlpReporter, Tracer } from "node-opentracing";

const [sink, spans] = process.argv.slice(2).map(Number);
const reporter = new OtlpReporter({ endpoint: `http://127.0.0.1:${sink}/v1/traces` });
const tracer = new Tracer({ reporter });
const resident: number[] = [];
for (let i = 1; i <= spans!; i++) {
  tracer.startSpan("op").setTag("http.method", "GET").setTag("http.status_code", 200).setTag("error", false).finish();
  if (i % 10_000 === 0) await reporter.flush();
  if (i % (spans! / 10) === 0) resident.push(process.memoryUsage.rss());
}
await reporter.close();
console.log(JSON.stringify(resident));
