// OpenTracing's MockTracer by name: prints what it has seen when it is ended, by Ctrl-C too.
//
//   npm run example tracers/mock-tracer

import { initTracing } from "node-opentracing";
import type { MockTracer } from "opentracing";
import { serveShop } from "./shop.js";

const tracing = initTracing({ tracerCallable: "opentracing:MockTracer" });
const tracer = tracing.tracer as MockTracer;

serveShop(tracing);
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    for (const span of tracer.report().spans)
      console.log(`${span.tags()["span.kind"] ?? "local"} ${span.operationName()}`);
    process.exit();
  });
}
