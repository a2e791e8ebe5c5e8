// The scenarios of the original's client tests, under their names, and client and server joined.

import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryReporter, Tracer, Tracing } from "node-opentracing";
import { spanTree } from "node-opentracing/testing";
import { initGlobalTracer, Tracer as NoopTracer, type Span } from "opentracing";
import { traceServers } from "#src/hosts/servers.js";
import type { FinishedSpan } from "#src/report/reporter.js";
import { AsyncHTTPClient } from "#src/tornado/async-http-client.js";
import { HTTPError } from "#src/tornado/http-error.js";
import { HTTPRequest } from "#src/tornado/http-request.js";
import { initClientTracing } from "#src/tornado/init-client-tracing.js";
import { initTracing } from "#src/tornado/init-tracing.js";
import { onServer, type Routes, traced } from "./web-server.js";

const ROUTES: Routes = {
  "/": (_request, response) => response.end("{}"),
  "/error": (_request, response) => response.writeHead(500).end("invalid input"),
};

const client = new AsyncHTTPClient();

/** All tags of the one span. */
function tagsOf({ spans }: MemoryReporter): Record<string, unknown> {
  assert.equal(spans.length, 1);
  const { tags } = spans[0] as FinishedSpan;
  return Object.fromEntries(tags.flatMap((name, i) => (i % 2 === 0 ? [[name, tags[i + 1]]] : [])));
}

test("no tracer: the global one, looked up at each fetch", async () => {
  const tracing = initClientTracing();
  const reporter = new MemoryReporter();
  initGlobalTracer(new Tracer({ reporter })); // after the fact
  try {
    await onServer(ROUTES, async ({ origin }) => {
      const response = await client.fetch(`${origin}/`);
      assert.equal(response.code, 200);
      assert.equal(spanTree(reporter.spans), "\nGET  client 200");
      assert.deepEqual(tagsOf(reporter), {
        component: "tornado",
        "span.kind": "client",
        "http.url": `${origin}/`,
        "http.method": "GET",
        "http.status_code": 200,
      });

      const second = new MemoryReporter();
      initGlobalTracer(new Tracer({ reporter: second }));
      await client.fetch(`${origin}/`);
      assert.deepEqual([reporter.spans.length, second.spans.length], [1, 1]);
    });
  } finally {
    await tracing.close();
    initGlobalTracer(new NoopTracer());
  }
});

test("no application: initTracing traces the client with the global tracer", async () => {
  const undo = initTracing(); // this file makes no Application, which would count instead
  const reporter = new MemoryReporter();
  initGlobalTracer(new Tracer({ reporter }));
  try {
    await onServer(ROUTES, async ({ origin }) => void (await client.fetch(`${origin}/`)));
    assert.equal(spanTree(reporter.spans), "\nGET  client 200");
  } finally {
    undo();
    initGlobalTracer(new NoopTracer());
  }
});

test("no tracer at all: the fetch is as it would be", async () => {
  const tracing = initClientTracing();
  await onServer(ROUTES, async ({ origin, requests }) => {
    assert.equal((await client.fetch(`${origin}/`)).code, 200);
    assert.equal(requests[0]!.headers["traceparent"], undefined);
  });
  await tracing.close();
});

test("simple: one span with the method as name and the original's tags", async () => {
  await traced({}, (reporter) =>
    onServer(ROUTES, async ({ origin }) => {
      const response = await client.fetch(`${origin}/`);
      assert.equal(response.code, 200);
      assert.equal(String(response.body), "{}");
      assert.equal(spanTree(reporter.spans, { logs: true }), "\nGET  client 200");
      assert.deepEqual(tagsOf(reporter), {
        component: "tornado",
        "span.kind": "client",
        "http.url": `${origin}/`,
        "http.method": "GET",
        "http.status_code": 200,
      });
    }),
  );
});

test("start-span callback: it gets span and HTTPRequest, and may rename and overwrite", async () => {
  const seen: unknown[] = [];
  const startSpanCb = (span: Span, request: HTTPRequest) => {
    seen.push(request);
    span.setOperationName(`foo/${request.method}`).setTag("component", "tornado-client");
  };
  await traced({ startSpanCb }, (reporter) =>
    onServer(ROUTES, async ({ origin }) => {
      const request = new HTTPRequest(`${origin}/`);
      await client.fetch(request);
      assert.equal(seen[0], request);
      assert.equal(spanTree(reporter.spans, { tags: ["component"] }), "\nfoo/GET  client 200 component=tornado-client");
      await client.fetch(`${origin}/`);
      assert.ok(seen[1] instanceof HTTPRequest);
    }),
  );
});

test("start-span callback: what it changes in the request is sent", async () => {
  const startSpanCb = (_span: Span, request: HTTPRequest) => request.headers.set("X-Tenant", "7");
  await traced({ startSpanCb }, () =>
    onServer(ROUTES, async ({ origin, requests }) => {
      await client.fetch(`${origin}/`);
      assert.equal(requests[0]!.headers["x-tenant"], "7");
    }),
  );
});

test("start-span callback that throws: the fetch and the span are as without it", async () => {
  const startSpanCb = () => {
    throw new Error("This should not happen");
  };
  await traced({ startSpanCb }, (reporter) =>
    onServer(ROUTES, async ({ origin }) => {
      assert.equal((await client.fetch(`${origin}/`)).code, 200);
      assert.equal(spanTree(reporter.spans, { logs: true }), "\nGET  client 200");
    }),
  );
});

test("explicit parameters: method, body and raiseError keep their meaning", async () => {
  await traced({}, (reporter) =>
    onServer(ROUTES, async ({ origin, requests }) => {
      const response = await client.fetch(`${origin}/error`, { raiseError: false, method: "POST", body: "" });
      assert.equal(response.code, 500);
      assert.equal(requests[0]!.method, "POST");
      assert.deepEqual(tagsOf(reporter), {
        component: "tornado",
        "span.kind": "client",
        "http.url": `${origin}/error`,
        "http.method": "POST",
        "http.status_code": 500,
        error: true, // the original marks a 5xx only where it is raised
      });
      assert.equal(spanTree(reporter.spans, { logs: true }), "\nPOST  client 500 error");
    }),
  );
});

test("request object: it is fetched as it says, and can be fetched again", async () => {
  await traced({}, (reporter) =>
    onServer(ROUTES, async ({ origin, requests }) => {
      const request = new HTTPRequest(`${origin}/`, { headers: { "X-Own": "1" } });
      await client.fetch(request);
      await client.fetch(request);
      assert.equal(spanTree(reporter.spans), "\nGET  client 200\nGET  client 200");
      const [first, second] = requests.map(({ headers }) => headers);
      assert.deepEqual([first!["x-own"], second!["x-own"]], ["1", "1"]);
      assert.notEqual(first!["traceparent"], second!["traceparent"]);
      assert.deepEqual([...request.headers], [["X-Own", "1"]]);
    }),
  );
});

test("server error: the fetch rejects, the span is failed and has the error", async () => {
  await traced({}, (reporter) =>
    onServer(ROUTES, async ({ origin }) => {
      const error: unknown = await client.fetch(`${origin}/error`).catch((error: unknown) => error);
      assert.ok(error instanceof HTTPError);
      assert.equal(error.message, "HTTP 500: Internal Server Error");
      assert.deepEqual([error.code, error.response?.code], [500, 500]);
      assert.equal(String(error.response?.body), "invalid input");
      assert.equal(spanTree(reporter.spans), "\nGET  client 500 error=HTTPError");
      const { logs } = reporter.spans[0]!;
      assert.deepEqual(
        logs.map(({ fields }) => fields),
        [{ event: "error", "error.object": error }],
      );
    }),
  );
});

test("server not found: the fetch rejects, the span has the status alone", async () => {
  await traced({}, (reporter) =>
    onServer(ROUTES, async ({ origin }) => {
      await assert.rejects(client.fetch(`${origin}/doesnotexist`), { name: "HTTPError", code: 404 });
      assert.equal(spanTree(reporter.spans, { logs: true }), "\nGET  client 404");
    }),
  );
});

test("client and server joined: the server's span is a child of the client's, whose parent is the caller's", async () => {
  const reporter = new MemoryReporter();
  const tracing = new Tracing(new Tracer({ reporter }));
  const undo = traceServers(tracing.http);
  initClientTracing(tracing);
  try {
    await onServer(
      {
        "/client": async (_request, response) => {
          const { body } = await client.fetch(`http://${_request.headers.host}/server`);
          response.end(body);
        },
        "/server": (_request, response) =>
          tracing.startActiveSpan("work", () => {
            response.end("done");
          }),
      },
      async ({ origin }) => {
        await tracing.startActiveSpan("main", async (main) => {
          assert.equal(String((await client.fetch(`${origin}/client`)).body), "done");
          assert.equal(tracing.activeSpan(), main); // a client span is never active
        });
        await reporter.waitFor(6);
        assert.equal(
          spanTree(reporter.spans),
          `
main
  GET  client 200
    GET  server 200
      GET  client 200
        GET  server 200
          work`,
        );
      },
    );
  } finally {
    await tracing.close();
    undo();
  }
});

test("beyond the original: 100 concurrent fetches are each a child of its own active span", async () => {
  const reporter = new MemoryReporter();
  const tracing = initClientTracing(new Tracer({ reporter }));
  const numbers = Array.from({ length: 100 }, (_, i) => i);
  await onServer(
    { "/": (request, response) => setImmediate(() => response.end(request.url)) },
    async ({ origin, requests }) => {
      await Promise.all(
        numbers.map((i) =>
          tracing.startActiveSpan(`coroutine ${i}`, async (span) => {
            const response = await client.fetch(`${origin}/?${i}`);
            assert.equal(String(response.body), `/?${i}`);
            assert.equal(tracing.activeSpan(), span);
          }),
        ),
      );
      assert.equal(requests.length, 100);
    },
  );
  await tracing.close();
  const expected = numbers.map((i) => `\ncoroutine ${i}\n  GET  client 200`);
  assert.deepEqual(
    numbers.map((i) => {
      const root = reporter.spans.find(({ operationName }) => operationName === `coroutine ${i}`)!;
      return spanTree(reporter.spans.filter(({ context }) => context.traceId0 === root.context.traceId0));
    }),
    expected,
  );
});
