// Several copies of Express in one process, applications that come and go, requests at one time: none disturbs another.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { RequestHandler } from "express";
import { MemoryReporter, Tracer, Tracing } from "node-opentracing";
import { diagnostics, resetDiagnostics } from "#src/diagnostics.js";
import { traceServers } from "#src/hosts/servers.js";
import { type Stage, staged, traced } from "./app.js";
import { VERSIONS } from "./versions.js";

const ANSWER: RequestHandler = (_request, response) => void response.end("answer");
const [EXPRESS_4, EXPRESS_52, EXPRESS_53] = VERSIONS as [
  (typeof VERSIONS)[0],
  (typeof VERSIONS)[0],
  (typeof VERSIONS)[0],
];

async function namesOf(stage: Stage, ...paths: string[]): Promise<string[]> {
  const names: string[] = [];
  for (const path of paths) names.push((await stage.spanOf(`GET ${path}`)).split("  ")[0]!);
  return names;
}

for (const outer of VERSIONS) {
  for (const inner of VERSIONS) {
    if (inner === outer) continue;
    test(`a router and an application of ${inner.name} in one of ${outer.name}`, async (t) => {
      const mounted = await traced(t, outer, (app) => {
        app.use("/app/:a", inner.express().get("/items/:id", ANSWER));
      });
      // Nothing but its first request shows this application, unless its copy of Express is known already.
      await mounted.request("GET /app/1/items/7");
      await mounted.reporter.waitFor(1);
      assert.deepEqual(await namesOf(mounted, "/app/2/items/7"), ["GET /app/:a/items/:id"]);

      const stage = await traced(t, outer, (app) => {
        app.use("/router/:a", inner.express.Router().get("/items/:id", ANSWER));
        app.get("/plain/:id", ANSWER);
      });
      assert.deepEqual(await namesOf(stage, "/router/1/items/7", "/plain/7"), [
        "GET /router/:a/items/:id",
        "GET /plain/:id",
      ]);
    });
  }
}

for (const version of VERSIONS) {
  test(`${version.name}: 50 requests at a time, whose parameters take their time, each have their own name`, async (t) => {
    const stage = await traced(t, version, (app) => {
      const router = version.express.Router({ mergeParams: true });
      app.param("slow", (_request, _response, next) => void setImmediate(next));
      router.get("/items/:id", ANSWER).get("/others/:id", ANSWER);
      app.use(["/one/:slow", "/two/:slow/:other"], router);
    });
    const paths = Array.from({ length: 50 }, (_, i) =>
      i % 2 === 0 ? `/one/${i}/items/${i}` : `/two/${i}/${i}/others/${i}`,
    );
    await Promise.all(paths.map((path) => stage.request(`GET ${path}`)));
    await stage.reporter.waitFor(50);
    const names = stage.reporter.spans.map(({ operationName }) => operationName);
    for (const name of ["GET /one/:slow/items/:id", "GET /two/:slow/:other/others/:id"]) {
      assert.equal(names.filter((found) => found === name).length, 25, name);
    }
  });

  test(`${version.name}: what was replaced is put back with the last server, and replaced again for the next`, async (t) => {
    const router = version.express.Router().get("/items/:id", ANSWER);
    const { stack } = router as unknown as { stack: object[] };
    const layers = Object.getPrototypeOf(stack[0]) as Record<string, unknown>;
    const names = ["handle_request", "handleRequest", "handle_error", "handleError"];
    const methods = (): unknown[] => [...names.map((name) => layers[name]), (router as { handle?: unknown }).handle];
    const before = methods();
    for (let turn = 0; turn < 2; turn++) {
      const reporter = new MemoryReporter();
      const tracing = new Tracing(new Tracer({ reporter }));
      const undo = traceServers(tracing.http);
      const app = version.express().use(router);
      const stage = await staged(t, tracing, reporter, app);
      assert.deepEqual(await namesOf(stage, "/items/7"), ["GET /items/:id"]);
      assert.notDeepEqual(methods(), before);
      undo();
      assert.deepEqual(methods(), before);
      await stage.request("GET /items/7");
      assert.equal(reporter.spans.length, 1);
    }
  });

  test(`${version.name}: routers of an unknown build cost the name, and nothing else`, async (t) => {
    resetDiagnostics();
    const stage = await traced(t, version, (app) => {
      const route = app.route("/items/:id").get(ANSWER);
      Object.defineProperty(route, "path", { get: () => assert.fail("of another build") });
      const frozen = version.express.Router().use(ANSWER) as unknown as { stack: object[] };
      if (version.name === "express 5.3") Object.freeze(frozen.stack[0]); // the others' layers change with each request
      app.use("/frozen", frozen as never);
    });
    assert.match(await stage.request("GET /items/7"), /answer/);
    assert.match(await stage.request("GET /frozen"), /answer/);
    assert.deepEqual(await namesOf(stage, "/items/7", "/frozen"), ["GET", "GET"]);
    assert.ok((diagnostics()["framework.unknown"] ?? 0) > 0);
  });
}

test("express 5.2: a mount path is learned from requests: as the first wrote it, and not from a regular expression", async (t) => {
  const stage = await traced(t, EXPRESS_52, (app) => {
    app.use("/Api/:version", EXPRESS_52.express.Router().get("/x", ANSWER));
    app.use(/^\/v\d+/, EXPRESS_52.express.Router().get("/x", ANSWER));
    app.use("/opt/:a{/v:b}", EXPRESS_52.express.Router().get("/x", ANSWER));
  });
  assert.deepEqual(await namesOf(stage, "/Api/1/x", "/API/1/x", "/v1/x", "/opt/1/x", "/opt/1/v2/x", "/Api/%2F/x"), [
    "GET /Api/:version/x",
    "GET /Api/:version/x",
    "GET",
    "GET /opt/:a/x",
    "GET /opt/:a/v:b/x",
    "GET /Api/:version/x",
  ]);
});

test("express 4 and 5.3: a mount path that is a regular expression is its own text", async (t) => {
  for (const version of [EXPRESS_4, EXPRESS_53]) {
    const stage = await traced(t, version, (app) => {
      app.use(/^\/v\d+/, version.express.Router().get("/x", ANSWER));
    });
    assert.deepEqual(await namesOf(stage, "/v1/x"), ["GET /^\\/v\\d+//x"]);
  }
});
