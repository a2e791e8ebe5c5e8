// The last of three services: how many there are of a thing.

import { createServer } from "node:http";
import { initTracing } from "node-opentracing";
import { listen } from "./listen.js";

const tracing = initTracing({ serviceName: "stock" }); // the one line

const server = createServer((request, response) => {
  const item = request.url?.split("/")[2] ?? "";
  // A span of its own for work inside the process: a child of the request's span, by itself.
  const count = tracing.startActiveSpan("count items", (span) => {
    span.setTag("item", item);
    return item.length * 7;
  });
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ item, count }));
});

listen(server);
