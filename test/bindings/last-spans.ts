// Makes a hundred spans by the tracer that the environment names, ends by itself, and prints what was counted.

import { diagnostics, initTracing } from "node-opentracing";

const { tracer } = initTracing();
for (let i = 0; i < 100; i++) tracer.startSpan("last").finish();
process.on("exit", () => console.log(JSON.stringify(diagnostics())));
