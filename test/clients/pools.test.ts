// Pools with a limit of connections: whoever's context a queued request is made in, it carries its own caller's or none.

import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryReporter, Tracer } from "node-opentracing";
import type { Span } from "opentracing";
import * as undici from "undici";
import type { HttpOptions } from "#src/http/http-tracing.js";
import { tagOf } from "#src/tags.js";
import { onScene, type Scene } from "#src/testing/_client-scene.js";
import { spanTree } from "#src/testing/span-tree.js";
import { traceIdHex } from "#src/trace-context.js";
import { CLIENTS } from "./contract-clients.js";

const client = CLIENTS.find(({ name }) => name === "fetch")!;
const [major = 0] = process.versions.node.split(".").map(Number);
const versions = major < 22 ? ["undici6", "undici"] : ["undici6", "undici", "undici8"];

type Send = (s: Scene, path: string, method: string, dispatcher: undici.Dispatcher) => Promise<unknown>;
interface Work {
  readonly path: string;
  readonly method?: string;
}

/** As many spans as works, each with baggage of its own and one request on the same two connections. */
async function together(s: Scene, works: readonly Work[], dispatcher: undici.Dispatcher, send: Send): Promise<void> {
  const one = ({ path, method = "GET" }: Work, i: number) =>
    s.inSpan(`work ${i}`, async (span: Span) => {
      span.setBaggageItem("tenant", String(i));
      await send(s, path, method, dispatcher);
    });
  await Promise.all(works.map(one));
  await dispatcher.close();
}

const fetched: Send = async (s, path, method, dispatcher) =>
  (await fetch(s.origin + path, { method, dispatcher } as never)).text();

/** The tree of each work's own trace. */
function treeOf({ reporter }: Scene, i: number): string {
  const root = reporter.spans.find((span) => span.operationName === `work ${i}`)!;
  return spanTree(reporter.spans.filter((span) => span.context.traceId0 === root.context.traceId0));
}

/** Fails where a request's baggage is not that of the trace it is part of. */
function assertOwnBaggage({ received, reporter }: Scene): void {
  for (const { traceparent, baggage } of received) {
    const traceId = String(traceparent).split("-")[1];
    const root = reporter.spans.find(
      (span) => span.operationName.startsWith("work") && traceIdHex(span.context) === traceId,
    );
    assert.equal(baggage, root && `tenant=${root.operationName.slice(5)}`);
  }
}

const POOLS: [name: string, make: () => undici.Dispatcher][] = [
  ["a pool", () => new undici.Agent({ connections: 2 })],
  [
    "a composed pool",
    () => new undici.Agent({ connections: 2 }).compose(undici.interceptors.retry({ minTimeout: 1, maxRetries: 1 })),
  ],
];
// biome-ignore format: a table
const MIXES: [name: string, works: Work[]][] = [
  ["the same URL", Array.from({ length: 8 }, () => ({ path: "/status/200" }))],
  ["the same redirect target", Array.from({ length: 8 }, () => ({ path: "/redirect/1" }))],
  ["a redirect's target itself, with other methods", [
    { path: "/redirect/1" }, { path: "/status/200?token=x", method: "POST" },
    { path: "/redirect/1" }, { path: "/status/200?token=x", method: "DELETE" },
    { path: "/status/200?token=x" }, { path: "/status/200?token=x", method: "PUT" },
    { path: "/redirect/2" }, { path: "/status/200?token=x" },
  ]],
];
for (const [pool, make] of POOLS) {
  for (const [mix, works] of MIXES) {
    for (const [policy, options] of [
      ["", {}],
      [" with propagateTo", { propagateTo: () => true }],
    ] as [string, HttpOptions][]) {
      test(`fetches on ${pool} keep their parents and baggage: ${mix}${policy}`, () =>
        onScene(client, options, async (s) => {
          await (await fetch(`${s.origin}/status/200`)).text(); // shows that the global fetch is undici's
          s.reporter.clear();
          s.received.length = 0;
          await together(s, works, make(), fetched);
          const hops = works.map(({ path }) => path.split(/[/?]/));
          await s.reporter.waitFor(
            hops.reduce((sum, [, what, n]) => sum + 3 + (what === "redirect" ? Number(n) : 0), 0),
          );
          for (const [i, { method = "GET" }] of works.entries()) {
            const [, what, n] = hops[i]!;
            const redirects = what === "redirect" ? Number(n) : 0;
            const servers = Array.from({ length: redirects }, (_, j) => `\n    /redirect/${redirects - j}  server`);
            const expected = `\nwork ${i}\n  ${method}  client 200${servers.join("")}\n    /status/200  server`;
            assert.equal(treeOf(s, i), expected);
          }
          assertOwnBaggage(s);
        }));
    }
  }
}

test("a fetch that its dispatcher holds until the next one comes keeps its span and baggage", () =>
  onScene(client, {}, async (s) => {
    const held: (() => unknown)[] = [];
    const dispatcher = new undici.Agent().compose((dispatch) => (options, handler) => {
      held.push(() => dispatch(options, handler));
      if (held.length === 2) for (const send of held.splice(0)) send();
      return true;
    });
    await together(s, [{ path: "/status/200" }, { path: "/status/200" }], dispatcher, fetched);
    await s.reporter.waitFor(6);
    for (const i of [0, 1]) assert.equal(treeOf(s, i), `\nwork ${i}\n  GET  client 200\n    /status/200  server`);
    assertOwnBaggage(s);
  }));

test("fetches whose headers are the same are told by their URLs", () => {
  const reporter = new MemoryReporter();
  const tracer = new Tracer({ reporter, propagators: ["baggage"] });
  return onScene(
    client,
    {},
    async ({ origin, tracing: { scope } }) => {
      const work = tracer.startSpan("work").setBaggageItem("tenant", "acme");
      const urls = [0, 1, 2, 3, 4, 5].map((i) => `${origin}/status/${200 + 100 * (i % 3)}?i=${i}`);
      await scope.run(work, () =>
        Promise.all(urls.map(async (url) => (await fetch(url, { redirect: "manual" })).text())),
      );
      const clients = reporter.spans.filter((span) => tagOf(span.tags, "span.kind") === "client");
      assert.deepEqual(
        clients.map(({ tags }) => `${tagOf(tags, "http.url")} ${tagOf(tags, "http.status_code")}`).sort(),
        urls.map((url, i) => `${url} ${200 + 100 * (i % 3)}`).sort(),
      );
      assert.ok(clients.every(({ tags }) => tagOf(tags, "http.resend_count") === undefined));
    },
    tracer,
  );
});

test("a fetch that its dispatcher makes later, and without the headers, is one span", () =>
  onScene(client, {}, async (s) => {
    const dispatcher = new undici.Agent().compose((dispatch) => (options, handler) => {
      setTimeout(() => dispatch({ ...options, headers: { accept: "*/*" } }, handler), 5);
      return true;
    });
    await together(s, [{ path: "/status/200" }], dispatcher, fetched);
    await s.reporter.waitFor(3);
    assert.equal(treeOf(s, 0), "\nwork 0\n  GET  client 200\n    /status/200  server");
    assertOwnBaggage(s);
  }));

test("no redirect hop takes headers to a target that propagateTo forbids, on a pool neither", () =>
  onScene(client, { propagateTo: (url) => url.includes("/redirect/") }, async (s) => {
    await (await fetch(`${s.origin}/redirect/1`)).text();
    s.received.length = 0;
    const works = Array.from({ length: 8 }, () => ({ path: "/redirect/1" }));
    await together(s, works, new undici.Agent({ connections: 2 }), fetched);
    assert.deepEqual(s.received.map(({ traceparent }) => traceparent !== undefined).sort(), [
      ...Array(8).fill(false),
      ...Array(8).fill(true),
    ]);
    assert.equal(s.received.filter(({ baggage }) => baggage !== undefined).length, 8);
    assertOwnBaggage({ ...s, received: s.received.filter(({ traceparent }) => traceparent !== undefined) });
  }));

test("fetches whose first URL is forbidden never carry a stranger's headers", () =>
  onScene(client, { propagateTo: (url) => url.includes("/status/") }, async (s) => {
    const works = Array.from({ length: 8 }, () => ({ path: "/redirect/1" }));
    await together(s, works, new undici.Agent({ connections: 2 }), fetched);
    const callers = works.map(
      (_, i) =>
        treeOf(s, i)
          .split("\n")
          .filter((line) => line.startsWith("  GET")).length,
    );
    assert.deepEqual(callers, Array(8).fill(1));
    const told = s.received.filter(({ traceparent }) => traceparent !== undefined);
    assert.equal(new Set(told.map(({ traceparent }) => traceparent)).size, told.length);
    assertOwnBaggage({ ...s, received: told });
  }));

for (const name of versions) {
  const copy = (await import(name)) as typeof undici;
  const sends: [title: string, make: () => undici.Dispatcher, send: Send][] = [
    [
      "undici.fetch",
      () => new copy.Agent({ connections: 2 }),
      async (s, path, method, dispatcher) => (await copy.fetch(s.origin + path, { method, dispatcher })).text(),
    ],
    [
      "a composed dispatcher",
      () => new copy.Agent({ connections: 2 }).compose(copy.interceptors.redirect({ maxRedirections: 1 })),
      async (s, path, method, dispatcher) =>
        (await copy.request(s.origin + path, { method: method as "GET", dispatcher })).body.text(),
    ],
  ];
  for (const [title, make, send] of sends) {
    test(`${name}: ${title} on a pool: what waited has its own parent or none, and never another's baggage`, () =>
      onScene(client, {}, async (s) => {
        const works = Array.from({ length: 8 }, () => ({ path: "/status/200" }));
        await together(s, works, make(), send);
        await s.reporter.waitFor(24);
        const trees = works.map((_, i) => treeOf(s, i));
        for (const [i, tree] of trees.entries()) {
          const alone = `\nwork ${i}`;
          const whole = `${alone}\n  GET  client 200\n    /status/200  server`;
          const mayBeAlone = name !== "undici8" && i > 1;
          assert.ok(tree === whole || (mayBeAlone && tree === alone), tree);
        }
        assert.equal(s.received.length, 8);
        assertOwnBaggage(s);
      }));
  }
}
