// The service in the middle: an order, with what the stock service knows of it. Order 0 fails, and /slow takes its time.

import { createServer, get } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { initTracing } from "node-opentracing";
import { listen } from "./listen.js";

const tracing = initTracing({ serviceName: "orders", tracedAttributes: ["headers.user-agent"] });
const stock = process.env["STOCK_URL"] ?? "http://127.0.0.1:8082";

const server = createServer(async (request, response) => {
  try {
    if (request.url === "/slow") await wait(400);
    const id = Number(request.url?.match(/^\/orders\/(\d+)$/)?.[1] ?? 1);
    const item = await tracing.startActiveSpan("load order", () => loadOrder(id)); // an error in it is recorded
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ id, stock: JSON.parse(await getText(`${stock}/stock/${item}`)) }));
  } catch (error) {
    response.statusCode = 500;
    response.end((error as Error).message);
  }
});

async function loadOrder(id: number): Promise<string> {
  if (id === 0) throw new Error("there is no order 0");
  return `thing-${id}`;
}

/** node:http's own client: traced as it is. */
function getText(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, async (response) => resolve((await response.setEncoding("utf8").toArray()).join(""))).on("error", reject);
  });
}

listen(server);
