// docs/express.md: an application behind an adapter of a serverless platform, where no connection ends a response.

import assert from "node:assert/strict";
import { test } from "node:test";
import express from "express";
import { MemoryReporter, Tracer, Tracing } from "node-opentracing";
import { expressTracing } from "node-opentracing/express";
import { spanTree } from "node-opentracing/testing";
import serverless from "serverless-http";

test("each invocation is a span that has ended when the adapter answers, by middleware and by decorated handlers", async () => {
  const reporter = new MemoryReporter();
  const tracing = new Tracing(new Tracer({ reporter }));
  const app = express();
  app.use(expressTracing({ tracing }));
  app.get("/users/:id", (request, response) => void response.status(201).send(request.params.id));
  app.get("/fail", () => {
    throw new RangeError("no");
  });
  const handle = serverless(app);

  async function handler(event: object, context: object): Promise<{ readonly statusCode?: number }> {
    const answer = await handle(event, context);
    await tracing.flush(2_000);
    return answer;
  }

  const event = { httpMethod: "GET", headers: { host: "a" }, requestContext: {} };
  const statuses: unknown[] = [];
  for (const path of ["/users/42", "/fail", "/none"]) statuses.push((await handler({ ...event, path }, {})).statusCode);
  assert.deepEqual(statuses, [201, 500, 404]);
  assert.equal(
    spanTree(reporter.spans),
    "\nGET /users/:id  server 201\nGET /fail  server 500 error=RangeError\nGET  server 404",
  );
  reporter.clear();

  const bare = serverless(
    tracing.trace()((_request: unknown, response: express.Response) => void response.end("hello")),
  );
  await bare({ ...event, path: "/" }, {});
  assert.equal(spanTree(reporter.spans), "\nGET  server 200");
  await tracing.close();
});

test("a middleware that answers itself is a span that ends with the response, before the request's", async () => {
  const reporter = new MemoryReporter();
  const tracing = new Tracing(new Tracer({ reporter }), { traceMiddleware: true });
  const app = express();
  app.use(expressTracing({ tracing }));
  app.use(function session(_request, _response, next) {
    next();
  });
  app.use(function gate(_request, response, _next) {
    response.status(403).send("no");
  });
  const event = { httpMethod: "GET", path: "/", headers: { host: "a" }, requestContext: {} };
  const { statusCode } = (await serverless(app)(event, {})) as { readonly statusCode?: number };
  await tracing.flush(2_000);
  assert.equal(statusCode, 403);
  assert.equal(
    spanTree(reporter.spans, { tags: ["component"] }),
    `
GET  server 403 component=express
  session  component=express
  gate  component=express`,
  );
  // An adapter that closes the response would do so behind the request's span.
  assert.deepEqual(
    reporter.spans.map(({ operationName }) => operationName),
    ["session", "gate", "GET"],
  );
  await tracing.close();
});
