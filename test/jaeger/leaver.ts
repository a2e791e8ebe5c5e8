// A program that ends without closing its tracer, while its sampling manager is not there: run by a test.

import { initTracerFromEnv } from "node-opentracing/jaeger";

const tracer = initTracerFromEnv({
  serviceName: "leaver",
  sampler: { type: "remote", param: 1, hostPort: "127.0.0.1:9" },
});
tracer.startSpan("last").finish();
