// What an Express application throws, rejects with or passes on reaches the span, once, and by the answer that it became.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Express as App, ErrorRequestHandler, RequestHandler } from "express";
import { RawClient, spanTree } from "node-opentracing/testing";
import { traced } from "./app.js";
import { VERSIONS } from "./versions.js";

const THROWN: RequestHandler = () => {
  throw new TypeError("thrown");
};
const PASSED: RequestHandler = (_request, _response, next) => next(new TypeError("passed"));

for (const version of VERSIONS) {
  const { Router } = version.express;

  /** A case of one request to /fail/7, and its span. */
  function fails(name: string, expected: string, build: (app: App) => void): void {
    test(`${version.name}: ${name}`, async (t) => {
      const app = await traced(t, version, build);
      await app.request("GET /fail/7");
      await app.reporter.waitFor(1);
      assert.equal(spanTree(app.reporter.spans, { logs: true }), `\n${expected}`);
      // Nothing of it stays for the next.
      app.reporter.clear();
      await app.request("GET /fine/7");
      await app.reporter.waitFor(1);
      assert.equal(spanTree(app.reporter.spans), "\nGET  server 404");
    });
  }
  const failed = (name: string, text: string): string =>
    `${name}  server 500 error=TypeError\n  - error error.object=TypeError: ${text}`;

  fails("thrown by a route", failed("GET /fail/:id", "thrown"), (app) => app.get("/fail/:id", THROWN));
  fails("passed on by a route", failed("GET /fail/:id", "passed"), (app) => app.get("/fail/:id", PASSED));
  fails("thrown by the second handler of a route", failed("GET /fail/:id", "thrown"), (app) =>
    app.get("/fail/:id", (_request, _response, next) => next(), THROWN),
  );
  fails("thrown by a route of a router in a router", failed("GET /fail/:id", "thrown"), (app) =>
    app.use(Router().use("/fail", Router().get("/:id", THROWN))),
  );
  fails("thrown by a middleware: no route", failed("GET", "thrown"), (app) => app.use("/fail", THROWN));
  fails("passed on by a router.param handler: the route was reached no more", failed("GET", "param"), (app) => {
    app.param("id", (_request, _response, next) => next(new TypeError("param")));
    app.get("/fail/:id", THROWN);
  });
  if (version.major === 5) {
    fails("rejected by a route", failed("GET /fail/:id", "rejected"), (app) =>
      app.get("/fail/:id", async () => {
        await new Promise((resolve) => setImmediate(resolve));
        throw new TypeError("rejected");
      }),
    );
    fails("rejected by a middleware", failed("GET", "rejected"), (app) =>
      app.use("/fail", async () => Promise.reject(new TypeError("rejected"))),
    );
  }
  fails("what is no Error", "GET /fail/:id  server 500 error\n  - error error.object=a text", (app) =>
    app.get("/fail/:id", () => {
      throw "a text";
    }),
  );

  const answers =
    (status: number): ErrorRequestHandler =>
    (_error, _request, response, _next) =>
      void response.status(status).end();
  fails("answered with 503 by an error handler", failed("GET /fail/:id", "thrown").replace("500", "503"), (app) =>
    app.get("/fail/:id", THROWN).use(answers(503)),
  );
  fails("answered with 422 by an error handler: it is none", "GET /fail/:id  server 422", (app) =>
    app.get("/fail/:id", THROWN).use(answers(422)),
  );
  fails("handled in its router", failed("GET /fail/:id", "thrown"), (app) =>
    app.use("/fail", Router().get("/:id", THROWN).use(answers(500))),
  );
  fails("of an error handler: the first error counts", failed("GET /fail/:id", "thrown"), (app) => {
    app.get("/fail/:id", THROWN);
    app.use(((_error, _request, _response, _next) => {
      throw new RangeError("second");
    }) satisfies ErrorRequestHandler);
  });
  fails("with a status below 500: it is none", "GET /fail/:id  server 418", (app) =>
    app.get("/fail/:id", (_request, _response, next) => next(Object.assign(new Error("teapot"), { status: 418 }))),
  );
  fails("with an upstream's status, answered with 500", failed("GET /fail/:id", "upstream"), (app) => {
    app.get("/fail/:id", (_request, _response, next) => {
      next(Object.assign(new TypeError("upstream"), { status: 404 }));
    });
    app.use(answers(500));
  });
  test(`${version.name}: what a body's reader says of a client that left is told by the end alone, whatever is answered to nobody`, async (t) => {
    const { port, reporter } = await traced(t, version, (app) => app.use(version.express.json()).use(answers(500)));
    const client = await RawClient.connect(port);
    client.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{");
    client.leave();
    await reporter.waitFor(1);
    assert.match(spanTree(reporter.spans), /error=request_aborted$/);
  });
  test(`${version.name}: an error handler that goes on is as if there had been no error, and a bad path is the client's`, async (t) => {
    const app = await traced(t, version, (app) => {
      app.get("/fail/:id", THROWN);
      app.use(((_error, _request, _response, next) => next()) satisfies ErrorRequestHandler);
      app.get("/fail/:other", (_request, response) => void response.end());
    });
    assert.equal(await app.spanOf("GET /fail/7"), "GET /fail/:other  server 200");
    assert.equal(await app.spanOf("GET /fail/%zz"), "GET  server 400");
  });
}
