// The server contract's first part: a request becomes one span, named, tagged and active as it should be.

import assert from "node:assert/strict";
import type { Span } from "opentracing";
import { MemoryReporter } from "../report/memory-reporter.ts";
import { tagOf } from "../tags.ts";
import { traceIdHex } from "../trace-context.ts";
import { Tracer } from "../tracer/tracer.ts";
import type { ContractCase } from "./contract-case.ts";
import { onStage } from "./contract-stage.ts";
import type { ContractHost } from "./server-contract.ts";
import { spanTree } from "./span-tree.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const CORRUPT = [
  "",
  "00",
  `00-${TRACE}-b7ad6b7169203331`,
  `00-${"0".repeat(32)}-b7ad6b7169203331-01`,
  `00-${TRACE}-${"0".repeat(16)}-01`,
  `ff-${TRACE}-b7ad6b7169203331-01`,
  `00-${TRACE.replace(/^./, "g")}-b7ad6b7169203331-01`,
  "\u00ff\u00fe",
  "x".repeat(4000),
];

export function tracedRequestCases(host: ContractHost): ContractCase[] {
  return [
    onStage(host, "server request 1: a traceparent header makes the span a child", {}, async (stage) => {
      await stage.request("GET", "/ok", { traceparent: `00-${TRACE}-b7ad6b7169203331-01` });
      await stage.reporter.waitFor(1);
      const span = stage.reporter.spans[0]!;
      assert.equal(traceIdHex(span.context), TRACE);
      assert.equal(span.parentIsRemote, true);
    }),
    onStage(host, "server request 1: a corrupt traceparent starts a new trace and fails nothing", {}, async (stage) => {
      for (const value of CORRUPT) {
        const answer = await stage.request("GET", "/ok", { traceparent: value });
        assert.match(answer, /^HTTP\/\S+ 200\b.*\bok\b/s);
      }
      await stage.reporter.waitFor(CORRUPT.length);
      for (const span of stage.reporter.spans) {
        assert.equal(span.parentSpanId0 | span.parentSpanId1, 0);
        assert.notEqual(traceIdHex(span.context), TRACE);
      }
    }),
    onStage(host, "server request 2: name", {}, async (stage) => {
      await stage.request("GET", "/items/7");
      await stage.reporter.waitFor(1);
      assert.equal(spanTree(stage.reporter.spans), `\n${stage.name("GET", "/items/:id")}  server 200`);
    }),
    tagsAtStart(host),
    onStage(
      host,
      "server request 4: traced attributes that the request has become tags, others are passed over",
      {
        options: { tracedAttributes: ["method", "headers.user-agent", "headers.x-empty", "headers.x-none", "no.such"] },
      },
      async (stage) => {
        await stage.request("GET", "/ok", { "user-agent": "contract", "x-empty": "" });
        await stage.reporter.waitFor(1);
        const { tags } = stage.reporter.spans[0]!;
        assert.equal(tagOf(tags, "method"), "GET");
        assert.equal(tagOf(tags, "headers.user-agent"), "contract");
        for (const name of ["headers.x-empty", "headers.x-none", "no.such"]) assert.ok(!tags.includes(name), name);
      },
    ),
    onStage(
      host,
      "server request 5: startSpanCb comes after the tags, and may rename the span and overwrite tags",
      {
        options: {
          tracedAttributes: ["method"],
          startSpanCb: (span: Span, incoming: { method: string }) => {
            span.setOperationName("renamed").setTag("method", `${incoming.method}!`);
          },
        },
      },
      async (stage) => {
        await stage.request("GET", "/ok");
        await stage.reporter.waitFor(1);
        assert.equal(spanTree(stage.reporter.spans, { tags: ["method"] }), "\nrenamed  server 200 method=GET!");
      },
    ),
    onStage(
      host,
      "server request 5: a startSpanCb that throws reaches neither the request nor the span",
      {
        options: {
          startSpanCb: () => {
            throw new Error("callback");
          },
        },
      },
      async (stage) => {
        assert.match(await stage.request("GET", "/ok"), /200/);
        await stage.reporter.waitFor(1);
        assert.equal(spanTree(stage.reporter.spans), `\n${stage.name("GET", "/ok")}  server 200`);
      },
    ),
    onStage(
      host,
      "server request 6: the span is active in the handler, and parent of what starts there",
      {},
      async (stage) => {
        const { tracing } = stage.app;
        const seen: boolean[] = [];
        stage.probe(async (incoming, response) => {
          const span = tracing.getSpan(incoming);
          seen.push(span !== undefined, tracing.activeSpan() === span, tracing.getSpan(response) === span);
          await new Promise((resolve) => setImmediate(resolve));
          seen.push(tracing.activeSpan() === span);
          tracing.startActiveSpan("child", () => tracing.startActiveSpan("grandchild", () => {}));
        });
        await stage.request("GET", "/ok");
        await stage.reporter.waitFor(3);
        assert.deepEqual(seen, [true, true, true, true]);
        assert.equal(
          spanTree(stage.reporter.spans),
          `\n${stage.name("GET", "/ok")}  server 200\n  child\n    grandchild`,
        );
      },
    ),
    onStage(
      host,
      "server request 7: after a child scope closes, the request's span is active again",
      {},
      async (stage) => {
        const { tracing } = stage.app;
        const seen: boolean[] = [];
        stage.probe((incoming) => {
          const span = tracing.getSpan(incoming);
          tracing.startActiveSpan("child", (child) => seen.push(tracing.activeSpan() === child));
          seen.push(tracing.activeSpan() === span);
        });
        await stage.request("GET", "/ok");
        await stage.reporter.waitFor(2);
        assert.deepEqual(seen, [true, true]);
      },
    ),
    onStage(
      host,
      "server request 8: a status of 500 and above is an error, 499 and below is none",
      {},
      async (stage) => {
        for (const code of [204, 304, 400, 499, 500, 599]) await stage.request("GET", `/status/${code}`);
        await stage.reporter.waitFor(6);
        const name = stage.name("GET", "/status/:code");
        const ends = ["204", "304", "400", "499", "500 error", "599 error"];
        assert.equal(spanTree(stage.reporter.spans), ends.map((end) => `\n${name}  server ${end}`).join(""));
      },
    ),
    onStage(
      host,
      "server request 8: an error that is thrown is logged once, and the span marked",
      {},
      async (stage) => {
        assert.match(await stage.request("GET", "/throw"), /^HTTP\/\S+ 500/);
        await stage.reporter.waitFor(1);
        assert.equal(
          spanTree(stage.reporter.spans, { logs: true }),
          `\n${stage.name("GET", "/throw")}  server 500 error=Error\n  - error error.object=Error: the contract's error`,
        );
      },
    ),
    onStage(
      host,
      "server request 8: an error that a promise rejects with is logged once, and the span marked",
      {},
      async (stage) => {
        assert.match(await stage.request("GET", "/reject"), /^HTTP\/\S+ 500/);
        await stage.reporter.waitFor(1);
        assert.equal(
          spanTree(stage.reporter.spans, { logs: true }),
          `\n${stage.name("GET", "/reject")}  server 500 error=Error\n  - error error.object=Error: the contract's error`,
        );
      },
    ),
    onStage(host, "server request 8: an error with a status below 500 is no error", {}, async (stage) => {
      assert.match(await stage.request("GET", "/refuse"), /^HTTP\/\S+ 404/);
      await stage.reporter.waitFor(1);
      assert.equal(spanTree(stage.reporter.spans, { logs: true }), `\n${stage.name("GET", "/refuse")}  server 404`);
    }),
    onStage(
      host,
      "server request 9: with traceAll false nothing is traced",
      { options: { traceAll: false } },
      async (stage) => {
        const seen: unknown[] = [];
        stage.probe((incoming) => seen.push(stage.app.tracing.getSpan(incoming), stage.app.tracing.activeSpan()));
        assert.match(await stage.request("GET", "/ok"), /200/);
        assert.deepEqual(seen, [undefined, undefined]);
        assert.equal(stage.reporter.spans.length, 0);
      },
    ),
    onStage(
      host,
      "an untraced request after a traced one on the same connection has no active span",
      { options: { filter: (incoming: { url: string }) => !incoming.url.startsWith("/items") } },
      async (stage) => {
        const seen: boolean[] = [];
        stage.probe(async (incoming) => {
          await new Promise((resolve) => setImmediate(resolve));
          seen.push(stage.app.tracing.activeSpan() !== undefined, stage.app.tracing.getSpan(incoming) !== undefined);
        });
        const client = await stage.connect();
        await client.send("GET", "/ok").until("ok");
        await client.send("GET", "/items/seven").until("seven");
        await client.send("GET", "/items/eight").until("eight");
        client.leave();
        assert.deepEqual(seen, [true, true, false, false, false, false]);
        await stage.reporter.waitFor(1);
        assert.equal(stage.reporter.spans.length, 1);
      },
    ),
    onStage(host, "of 100 requests at a time each has its own active span", {}, async (stage) => {
      let right = 0;
      stage.probe(async (incoming) => {
        const span = stage.app.tracing.getSpan(incoming);
        for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
        if (span !== undefined && stage.app.tracing.activeSpan() === span) right++;
      });
      await Promise.all(Array.from({ length: 100 }, () => stage.request("GET", "/ok")));
      await stage.reporter.waitFor(100);
      assert.equal(right, 100);
      assert.equal(new Set(stage.reporter.spans.map((span) => traceIdHex(span.context))).size, 100);
    }),
  ];
}

/** The tags are given to `startSpan` itself, where samplers look at them. */
function tagsAtStart(host: ContractHost): ContractCase {
  const started: (Record<string, unknown> | undefined)[] = [];
  const reporter = new MemoryReporter();
  const tracer = new Tracer({ reporter });
  const startSpan = tracer.startSpan.bind(tracer);
  tracer.startSpan = (name, options) => {
    started.push({ ...options?.tags });
    return startSpan(name, options);
  };
  return onStage(host, "server request 3: tags at the start", { tracer }, async (stage) => {
    await stage.request("GET", "/items/7?page=2&token=secret");
    await reporter.waitFor(1);
    assert.deepEqual(started, [
      {
        component: host.startComponent ?? host.component,
        "span.kind": "server",
        "http.method": "GET",
        "http.url": "/items/7?page=2&token=REDACTED",
        ...(host.tagsHost === false
          ? {}
          : { "http.scheme": stage.secure ? "https" : "http", "http.host": "contract.example" }),
      },
    ]);
    assert.equal(tagOf(reporter.spans[0]!.tags, "component"), host.component);
  });
}
