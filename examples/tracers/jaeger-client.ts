// jaeger-client, bound by one line: spans go to a Jaeger collector, uber-trace-id travels.
//
//   npm install jaeger-client        then: npm run example tracers/jaeger-client

import { initTracing } from "node-opentracing";
import { serveShop } from "./shop.js";

const tracing = initTracing({
  serviceName: "shop",
  tracerCallable: "jaeger-client:initTracer",
  tracerParameters: {
    sampler: { type: "const", param: 1 },
    reporter: { collectorEndpoint: process.env["JAEGER_ENDPOINT"] ?? "http://localhost:14268/api/traces" },
  },
});

serveShop(tracing);
