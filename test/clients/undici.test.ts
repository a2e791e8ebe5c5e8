// undici from npm, each version that applications have: requests, redirects and retries by its own functions.

import assert from "node:assert/strict";
import http from "node:http";
import net from "node:net";
import { Writable } from "node:stream";
import { test } from "node:test";
import type * as Undici from "undici";
import { HTTP_RESEND_COUNT, HTTP_URL, tagOf } from "#src/tags.js";
import { onScene, type Scene } from "#src/testing/_client-scene.js";
import { listenOnFreshPort } from "#src/testing/fresh-port.js";
import { spanTree } from "#src/testing/span-tree.js";
import { certificate } from "./certificate.js";
import { CLIENTS } from "./contract-clients.js";

const client = CLIENTS.find(({ name }) => name === "undici.request")!;
const [major = 0] = process.versions.node.split(".").map(Number);

for (const name of ["undici6", "undici", "undici8"]) {
  if (name === "undici8" && major < 22) {
    test(`${name}`, { skip: "undici 8 needs Node 22" }, () => {});
    continue;
  }
  const undici = (await import(name)) as typeof Undici;
  const scene = (title: string, play: (scene: Scene) => Promise<void>) =>
    test(`${name}: ${title}`, () => onScene({ ...client, tls: undefined } as never, {}, play));

  scene("request, stream, pipeline and fetch are spans below the caller's", async (s) => {
    const url = `${s.origin}/status/200`;
    const sink = () => new Writable({ write: (_chunk, _encoding, done) => done() });
    await s.inSpan("request", async () => (await undici.request(url)).body.text());
    await s.inSpan("stream", () => undici.stream(url, { method: "GET" }, sink));
    await s.inSpan("pipeline", async () => {
      const stream = undici.pipeline(url, { method: "PUT" }, ({ body }) => body as never).end("x");
      for await (const _ of stream);
    });
    await s.inSpan("fetch", async () => (await undici.fetch(url)).text());
    await s.reporter.waitFor(12);
    const tree = ["request", "stream", "pipeline", "fetch"].map(
      (work) => `\n${work}\n  ${work === "pipeline" ? "PUT" : "GET"}  client 200\n    /status/200  server`,
    );
    assert.equal(spanTree(s.reporter.spans), tree.join(""));
  });

  scene("requests that queue for one pooled connection keep their parents", async (s) => {
    const pool = new undici.Pool(s.origin, { connections: 1 });
    const one = (i: number) =>
      s.inSpan(`work ${i}`, async () => (await pool.request({ path: "/status/200", method: "GET" })).body.text());
    await Promise.all([1, 2, 3].map(one));
    await s.reporter.waitFor(9);
    const tree = [1, 2, 3].map((i) => `\nwork ${i}\n  GET  client 200\n    /status/200  server`);
    assert.equal(spanTree(s.reporter.spans), tree.join(""));
    await pool.close();
  });

  scene("client request 4: redirects by undici are hops of one span, on pooled connections too", async (s) => {
    const agent = new undici.Agent({ connections: 1 });
    const redirect = undici.interceptors?.redirect;
    const dispatcher = redirect === undefined ? agent : agent.compose(redirect({ maxRedirections: 5 }));
    const options = redirect === undefined ? { maxRedirections: 5 } : {};
    const one = (i: number) =>
      s.inSpan(`work ${i}`, async () =>
        (await undici.request(`${s.origin}/redirect/2`, { dispatcher, ...options })).body.text(),
      );
    for (const i of [1, 2]) await one(i);
    await s.reporter.waitFor(10);
    const hops = "\n    /redirect/2  server\n    /redirect/1  server\n    /status/200  server";
    assert.equal(
      spanTree(s.reporter.spans, { tags: [HTTP_RESEND_COUNT] }),
      [1, 2].map((i) => `\nwork ${i}\n  GET  client 200 http.resend_count=2${hops}`).join(""),
    );
    await agent.close();
  });

  test(`${name}: redirects over HTTP/2 are hops of one span`, () =>
    onScene({ ...client, protocol: "h2", tls: certificate } as never, {}, async (s) => {
      const agent = new undici.Agent({ allowH2: true, connect: { rejectUnauthorized: false } });
      const url = `${s.origin}/redirect/2`;
      await s.inSpan("work", async () => (await undici.fetch(url, { dispatcher: agent })).text());
      await s.reporter.waitFor(5);
      assert.equal(
        spanTree(s.reporter.spans, { tags: [HTTP_RESEND_COUNT] }),
        "\nwork\n  GET  client 200 http.resend_count=2\n    /redirect/2  server\n    /redirect/1  server\n    /status/200  server",
      );
      await agent.destroy();
    }));

  const { dns } = undici.interceptors;
  test(`${name}: a name that the DNS interceptor looked up stays in the URL`, { skip: dns === undefined }, () => {
    const isNamed = (url: string) => url.startsWith("http://orders.test:");
    return onScene({ ...client, tls: undefined } as never, { propagateTo: isNamed }, async (s) => {
      const lookup = (_origin: unknown, _options: unknown, done: (...args: unknown[]) => void) =>
        done(null, [{ address: "127.0.0.1", family: 4, ttl: 1000 }]);
      const dispatcher = new undici.Agent().compose(dns({ lookup, dualStack: false } as never));
      const url = `http://orders.test:${new URL(s.origin).port}/redirect/1`;
      const redirected = `\n  GET  client 200 http.url=${url}\n    /redirect/1  server\n    /status/200  server`;
      const answered = `\n  GET  client 302 http.url=${url}\n    /redirect/1  server`;
      await s.inSpan("fetch", async () => (await undici.fetch(url, { dispatcher })).text());
      await s.inSpan("request", async () => (await undici.request(url, { dispatcher })).body.text());
      await s.reporter.waitFor(7);
      assert.equal(spanTree(s.reporter.spans, { tags: [HTTP_URL] }), `\nfetch${redirected}\nrequest${answered}`);
      await dispatcher.close();
    });
  });

  for (const first of ["a 503", "a reset connection"]) {
    scene(`a retry after ${first} is a hop of one span`, async (s) => {
      let attempts = 0;
      const server = http.createServer((_, response) => {
        if (++attempts > 2) response.end("answer");
        else if (first === "a 503") response.writeHead(503).end();
        else response.destroy();
      });
      const url = `http://127.0.0.1:${await listenOnFreshPort(server)}/`;
      const dispatcher = new undici.RetryAgent(new undici.Agent({ connections: 1 }), {
        minTimeout: 1,
        timeoutFactor: 1,
      });
      await s.inSpan("work", async () => (await undici.request(url, { dispatcher })).body.text());
      await s.reporter.waitFor(2);
      const retry = (count: number) =>
        `\n    - retry http.url=${url} http.resend_count=${count}${first === "a 503" ? " http.status_code=503" : ""}`;
      assert.equal(
        spanTree(s.reporter.spans, { tags: [HTTP_RESEND_COUNT], logs: true }),
        `\nwork\n  GET  client 200 http.resend_count=2${retry(1)}${retry(2)}`,
      );
      await dispatcher.close();
      server.closeAllConnections();
      server.close();
    });
  }

  const lacksOption = name === "undici6" && "undici 6 has no throwOnError";
  test(`${name}: retries that end in an answer, not an error, are hops of one span`, { skip: lacksOption }, () =>
    onScene({ ...client, tls: undefined } as never, {}, async (s) => {
      const options = { throwOnError: false, minTimeout: 1, timeoutFactor: 1, maxRetries: 2 };
      const dispatcher = new undici.Agent({ connections: 1 }).compose(undici.interceptors.retry(options as never));
      const url = `${s.origin}/status/503`;
      await s.inSpan("request", async () => (await undici.request(url, { dispatcher })).body.text());
      await s.inSpan("fetch", async () => (await undici.fetch(url, { dispatcher })).text());
      await s.reporter.waitFor(10);
      const one = `\n  GET  client 503 error http.resend_count=2${"\n    /status/503  server".repeat(3)}`;
      assert.equal(spanTree(s.reporter.spans, { tags: [HTTP_RESEND_COUNT] }), `\nrequest${one}\nfetch${one}`);
      await dispatcher.close();
    }),
  );

  scene("the same asked for again where a body ended is a span of its own", async (s) => {
    let finish = (): void => {};
    const server = http.createServer((_, response) => {
      finish = () => response.end("answer");
      response.writeHead(503).flushHeaders();
    });
    const url = `http://127.0.0.1:${await listenOnFreshPort(server.unref())}/`;
    const dispatcher = new undici.Agent().compose(undici.interceptors.retry({ statusCodes: [] }));
    const ask = async (ended: () => unknown): Promise<void> => {
      const { body } = await undici.request(url, { dispatcher });
      const end = new Promise((resolve) => body.on("end", () => resolve(ended())));
      body.resume();
      finish();
      await end;
    };
    await s.inSpan("work", () => ask(() => ask(() => {})));
    await s.reporter.waitFor(3);
    assert.equal(spanTree(s.reporter.spans), `\nwork${"\n  GET  client 503 error".repeat(2)}`);
    await dispatcher.close();
    server.close();
  });

  scene("retries that all fail are one failed span", async (s) => {
    const dispatcher = new undici.RetryAgent(new undici.Agent(), { minTimeout: 1, timeoutFactor: 1, maxRetries: 2 });
    await assert.rejects(undici.request(`${s.origin}/status/503`, { dispatcher }));
    client.finishPending();
    await s.reporter.waitFor(4);
    const spans = s.reporter.spans.filter((span) => tagOf(span.tags, "span.kind") === "client");
    assert.equal(
      spanTree(spans, { tags: [HTTP_RESEND_COUNT] }),
      "\nGET  client 503 error=RequestRetryError http.resend_count=2",
    );
    await dispatcher.close();
  });

  for (const [rest, end] of [
    ["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", " 200"],
    ["", " error=SocketError"],
  ] as const) {
    scene(`a response that is only announced is none: 103, then${rest === "" ? " nothing" : end}`, async (s) => {
      const server = net.createServer((socket) => {
        const hints = "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n";
        socket.on("error", () => {}).once("data", () => socket.end(hints + rest));
      });
      const url = `http://127.0.0.1:${await listenOnFreshPort(server.unref())}/`;
      const text = async () => (await undici.request(url)).body.text();
      const fetched = async () => (await undici.fetch(url)).text();
      for (const send of [text, fetched]) await send().catch(() => {});
      client.finishPending(); // undici 8 on the global dispatcher of 7 looks like one that may try again
      await s.reporter.waitFor(2);
      assert.equal(spanTree(s.reporter.spans), `\nGET  client${end}`.repeat(2));
      server.close();
    });
  }

  scene("a body that the caller destroys is cut", async (s) => {
    const { body } = await undici.request(`${s.origin}/half`);
    body.on("error", () => {}).destroy();
    await s.reporter.waitFor(2);
    const spans = s.reporter.spans.filter((span) => tagOf(span.tags, "span.kind") === "client");
    assert.equal(spanTree(spans), "\nGET  client 200 error=response_cut");
  });

  scene("the caller's headers are replaced where they are trace headers, and not changed", async (s) => {
    for (const headers of [
      { TraceParent: "mine", "x-own": "1" },
      ["TraceParent", "mine", "x-own", "1"],
      ["TraceParent", "mine", "baggage", "a=1", "x-own", "1", "traceparent", "theirs", "Baggage", "b=2"],
    ]) {
      const before = structuredClone(headers);
      await s.inSpan("work", async (span) => {
        span.setBaggageItem("tenant", "acme");
        const options = { headers: Object.freeze(headers) as never };
        await (await undici.request(`${s.origin}/status/200`, options)).body.text();
      });
      assert.deepEqual(headers, before);
      const { traceparent, baggage, "x-own": own } = s.received.at(-1)!;
      assert.match(String(traceparent), /^00-[0-9a-f]{32}-[0-9a-f]{16}-0[13]$/);
      assert.deepEqual([baggage, own], ["tenant=acme", "1"]);
    }
  });
}

test("a native WebSocket has no span and no trace headers", { skip: major < 22 && "Node 22 has it first" }, () =>
  onScene({ ...client, tls: undefined } as never, {}, async (s) => {
    const { WebSocket } = globalThis as unknown as { WebSocket: new (url: string) => EventTarget };
    const socket = new WebSocket(`${s.origin.replace("http", "ws")}/status/404`);
    await new Promise((resolve) => socket.addEventListener("error", resolve, { once: true }));
    client.finishPending();
    assert.deepEqual(
      s.received.map(({ upgrade, traceparent }) => [upgrade, traceparent]),
      [["websocket", undefined]],
    );
    assert.equal(s.reporter.spans.filter((span) => tagOf(span.tags, "span.kind") === "client").length, 0);
  }),
);
