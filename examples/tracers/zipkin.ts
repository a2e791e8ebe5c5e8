// zipkin-javascript-opentracing, bound by one line: spans go to Zipkin, B3 headers travel.
//
//   npm install zipkin-javascript-opentracing zipkin zipkin-transport-http        then: npm run example tracers/zipkin

import { initTracing } from "node-opentracing";
import { serveShop } from "./shop.js";

const tracing = initTracing({
  tracerCallable: "zipkin-javascript-opentracing",
  tracerParameters: {
    serviceName: "shop",
    endpoint: process.env["ZIPKIN_ENDPOINT"] ?? "http://localhost:9411",
    kind: "local",
  },
});

serveShop(tracing);
