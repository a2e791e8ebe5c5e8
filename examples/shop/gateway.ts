// The first of three services: what customers call.

import { createServer } from "node:http";
import { initTracing } from "node-opentracing";
import { listen } from "./listen.js";

// Names by route keep the number of different names small.
const tracing = initTracing({
  serviceName: "gateway",
  startSpanCb: (span, request) => {
    if (request.url?.startsWith("/orders/")) span.setOperationName("GET /orders/:id");
    else if (request.url === "/slow") span.setOperationName("GET /slow");
  },
});
const orders = process.env["ORDERS_URL"] ?? "http://127.0.0.1:8081";

const server = createServer(async (request, response) => {
  try {
    if (!/^\/(orders\/\d+|slow)$/.test(request.url ?? "")) {
      response.writeHead(404).end("there are /orders/:id and /slow");
      return;
    }
    const answer = await fetch(orders + request.url); // global fetch: traced as it is
    tracing.activeSpan()?.setTag("shop.answer", answer.status);
    response.statusCode = answer.status;
    response.end(await answer.text());
  } catch (error) {
    response.statusCode = 502;
    response.end((error as Error).message);
  }
});

listen(server);
