// dd-trace, bound by one line: our requests and its plug-ins' spans are in one trace, at Datadog's agent.
//
//   npm install dd-trace        then: npm run example tracers/dd-trace

import { initTracing } from "node-opentracing";
import { serveShop } from "./shop.js";

const tracing = initTracing({
  tracerCallable: "dd-trace",
  tracerParameters: { service: "shop", url: process.env["DD_TRACE_AGENT_URL"] ?? "http://localhost:8126" },
});

serveShop(tracing);
