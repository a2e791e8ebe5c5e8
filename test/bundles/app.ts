// The application that bundles.test.ts bundles: Express and Fastify services, one asks the other, and their spans printed.

import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import fastify from "fastify";
import { initTracing, MemoryReporter } from "node-opentracing";
import { spanTree } from "node-opentracing/testing";

const reporter = new MemoryReporter();

async function main(): Promise<void> {
  const tracing = initTracing({ reporter });

  const stock = fastify();
  stock.get("/stock/:item", async (request) => {
    tracing.startActiveSpan("look up", () => {});
    return { item: (request.params as { item: string }).item };
  });
  const stockUrl = await stock.listen({ port: 0, host: "127.0.0.1" });

  const shop = express();
  const orders = express.Router({ mergeParams: true });
  orders.get("/orders/:id", async (request, response) => {
    const answer = await fetch(`${stockUrl}/stock/${request.params.id}`);
    response.json(await answer.json());
  });
  orders.get("/broken", () => {
    throw new Error("broken");
  });
  shop.use("/shops/:shop", orders);
  shop.set("env", "test"); // Express prints errors otherwise
  const server = http.createServer(shop);
  await once(server.listen(0, "127.0.0.1"), "listening");

  const { port } = server.address() as AddressInfo;
  for (const path of ["/shops/1/orders/7", "/shops/1/broken", "/nowhere"]) {
    const request = http.get({ port, path, agent: false });
    const [response] = (await once(request, "response")) as [http.IncomingMessage];
    response.resume();
    await once(response, "end");
  }
  await reporter.waitFor(9);
  await tracing.close();
  server.close();
  await stock.close();
  console.log(spanTree(reporter.spans));
}

void main();
