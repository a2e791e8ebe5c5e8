// lightstep-tracer, bound by one line: spans go to a Lightstep satellite.
//
//   npm install lightstep-tracer        then: npm run example tracers/lightstep-tracer

import { initTracing } from "node-opentracing";
import { serveShop } from "./shop.js";

const tracing = initTracing({
  serviceName: "shop",
  tracerCallable: "lightstep-tracer:Tracer",
  tracerParameters: {
    access_token: process.env["LIGHTSTEP_ACCESS_TOKEN"] ?? "developer",
    collector_host: process.env["LIGHTSTEP_HOST"] ?? "localhost",
    collector_port: Number(process.env["LIGHTSTEP_PORT"] ?? 8360),
    collector_encryption: "none",
  },
});

serveShop(tracing);
