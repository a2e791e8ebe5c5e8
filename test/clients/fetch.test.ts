// The global fetch: one span per call, whatever undici does for it, and the same fetch for its caller.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import http from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import * as undici from "undici";
import { diagnostics } from "#src/diagnostics.js";
import { HTTP_RESEND_COUNT, HTTP_URL, tagOf } from "#src/tags.js";
import { onScene, type Scene } from "#src/testing/_client-scene.js";
import { listenOnFreshPort } from "#src/testing/fresh-port.js";
import { spanTree } from "#src/testing/span-tree.js";
import { untraced } from "#src/untraced.js";
import { CLIENTS } from "./contract-clients.js";

const client = CLIENTS.find(({ name }) => name === "fetch")!;
const undici5 = createRequire(join(process.cwd(), "test/older/"))("undici5") as typeof undici;

function scene(name: string, play: (scene: Scene) => Promise<void>): void {
  test(name, () => onScene(client, {}, play));
}

/** The client spans so far, drawn. */
function tree({ reporter }: Scene, tags: string[] = [], logs = false): string {
  return spanTree(
    reporter.spans.filter((span) => tagOf(span.tags, "span.kind") === "client"),
    { tags, logs },
  );
}

scene("every form of arguments is traced, and none is changed", async (s) => {
  const url = `${s.origin}/status/200`;
  const headers = new Headers({ "x-own": "1", traceparent: "mine" });
  const request = new Request(url, { method: "PUT", headers, body: "x", referrer: "about:client" });
  const init = Object.freeze({ method: "post", headers, body: "x" });
  const calls: [string, () => Promise<Response>][] = [
    ["GET", () => fetch(url)],
    ["GET", () => fetch(new URL(`${url}#part`))],
    ["PUT", () => fetch(request.clone())],
    ["DELETE", () => fetch(request.clone(), { method: "DELETE" })],
    ["POST", () => fetch(url, init)],
    ["POST", () => fetch(url, init)],
    ["PUT", () => fetch(url, new Request("http://127.0.0.1/", { method: "PUT" }))],
    ["GET", () => fetch({ toString: () => url } as never)],
  ];
  for (const [method, call] of calls) {
    await (await call()).text();
    await s.reporter.waitFor(2);
    assert.equal(tree(s), `\n${method}  client 200`);
    assert.match(String(s.received[0]!["traceparent"]), /^00-[0-9a-f]{32}-[0-9a-f]{16}-0[13]$/);
    s.reporter.clear();
    s.received.length = 0;
  }
  assert.deepEqual(
    [...headers],
    [
      ["traceparent", "mine"],
      ["x-own", "1"],
    ],
  );
});

test("the traced fetch has the name and length of Node's, and is gone after undo", async () => {
  const before = globalThis.fetch;
  await onScene(client, {}, async () => {
    assert.notEqual(fetch, before);
    assert.deepEqual([fetch.name, fetch.length], [before.name, before.length]);
  });
  assert.equal(globalThis.fetch, before);
});

scene("what does not go over HTTP is not traced", async (s) => {
  assert.equal(await (await fetch("data:,hello")).text(), "hello");
  assert.equal(tree(s), "");
});

scene("untraced fetches have no span and no headers", async (s) => {
  await (await untraced(() => fetch(`${s.origin}/redirect/1`))).text();
  assert.equal(tree(s), "");
  assert.deepEqual(
    s.received.map((headers) => headers["traceparent"]),
    [undefined, undefined],
  );
});

test("a fetch that the filter refuses has no span, and takes none from what is made on its connection later", () =>
  onScene(client, { filter: ({ url }) => !(url as string).endsWith("?quiet") }, async (s) => {
    const dispatcher = new undici.Agent({ connections: 1 });
    await (await fetch(`${s.origin}/redirect/1?quiet`, { dispatcher } as never)).text();
    assert.equal(tree(s), "");
    const { body } = await undici.request(`${s.origin}/large`, { dispatcher });
    await new Promise<void>((resolve) => {
      body.on("end", () => resolve(undici.fetch(`${s.origin}/status/201`).then(async (r) => void (await r.text()))));
      body.resume();
    });
    await s.reporter.waitFor(6);
    assert.equal(tree(s), "\nGET  client 200\nGET  client 201");
    await dispatcher.close();
  }));

scene("an invalid URL is a failed span, and rejects as ever", async (s) => {
  await assert.rejects(fetch("/relative?token=x"), TypeError);
  assert.equal(tree(s, [HTTP_URL]), "\nGET  client error=TypeError http.url=/relative?token=REDACTED");
});

scene("an abort is a failure, also where its reason says 408", async (s) => {
  const reason = Object.assign(new RangeError("too slow"), { status: 408 });
  await assert.rejects(fetch(`${s.origin}/hang`, { signal: AbortSignal.abort(reason) }), RangeError);
  assert.equal(tree(s), "\nGET  client error=RangeError");
});

scene("client request 4: redirects that fetch does not follow are one span each", async (s) => {
  await (await fetch(`${s.origin}/redirect/1`, { redirect: "manual" })).text();
  await assert.rejects(fetch(`${s.origin}/redirect/1`, { redirect: "error" }), TypeError);
  assert.equal(tree(s), "\nGET  client 302\nGET  client 302 error=TypeError");
});

scene("client request 4: too many redirects are one failed span", async (s) => {
  await (await fetch(`${s.origin}/redirect/20`)).text();
  await assert.rejects(fetch(`${s.origin}/redirect/21`), TypeError);
  assert.equal(
    tree(s, [HTTP_RESEND_COUNT]),
    "\nGET  client 200 http.resend_count=20\nGET  client 302 error=TypeError http.resend_count=20",
  );
  assert.equal(s.received.length, 21 + 21);
});

scene("a body that the caller cancels is no error", async (s) => {
  const response = await fetch(`${s.origin}/half`);
  await response.body!.cancel();
  await s.reporter.waitFor(2);
  assert.match(tree(s, [], true), /^\nGET {2}client 200\n {2}- response_cancelled message=/);
});

scene("a request inside another's body is its own span, with the caller's parent", async (s) => {
  await s.inSpan("work", async (span) => {
    async function* body() {
      assert.equal(s.tracing.scope.active(), span);
      await (await undici.request(`${s.origin}/status/200`)).body.text();
      yield new TextEncoder().encode("x");
    }
    const init = { method: "POST", body: body() as never, duplex: "half" } as RequestInit;
    await (await fetch(`${s.origin}/status/201`, init)).text();
  });
  await s.reporter.waitFor(5);
  assert.equal(
    spanTree(s.reporter.spans),
    "\nwork\n  POST  client 201\n    /status/201  server\n  GET  client 200\n    /status/200  server",
  );
});

scene("fetches that queue for one pooled connection keep their parents", async (s) => {
  const dispatcher = new undici.Pool(s.origin, { connections: 1 });
  const one = (i: number) =>
    s.inSpan(`work ${i}`, async () => {
      const path = i % 2 === 0 ? `/redirect/1?${i}` : `/status/200?${i}`;
      await (await fetch(s.origin + path, { dispatcher } as never)).text();
    });
  await Promise.all([0, 1, 2, 3, 4, 5].map(one));
  await s.reporter.waitFor(6 * 3 + 3);
  for (const i of [0, 1, 2, 3, 4, 5]) {
    const root = s.reporter.spans.find((span) => span.operationName === `work ${i}`)!;
    const trace = s.reporter.spans.filter((span) => span.context.traceId0 === root.context.traceId0);
    const servers = i % 2 === 0 ? "\n    /redirect/1  server\n    /status/200  server" : "\n    /status/200  server";
    assert.equal(spanTree(trace), `\nwork ${i}\n  GET  client 200${servers}`);
  }
  await dispatcher.close();
});

scene("retries by a dispatcher are hops of the one fetch", async (s) => {
  let attempts = 0;
  const server = http.createServer((_, response) => {
    response.writeHead(++attempts > 2 ? 200 : 503).end("answer");
  });
  const url = `http://127.0.0.1:${await listenOnFreshPort(server)}/`;
  const dispatcher = new undici.RetryAgent(new undici.Agent({ connections: 1 }), { minTimeout: 1, timeoutFactor: 1 });
  await s.inSpan("work", async () => (await fetch(url, { dispatcher } as never)).text());
  await s.reporter.waitFor(2);
  const retry = (count: number) => `\n    - retry http.url=${url} http.resend_count=${count} http.status_code=503`;
  assert.equal(spanTree(s.reporter.spans, { logs: true }), `\nwork\n  GET  client 200${retry(1)}${retry(2)}`);
  await dispatcher.close();
  server.closeAllConnections();
  server.close();
});

scene("a body whose rest a dispatcher fetches once more is one fetch", async (s) => {
  let cut = (): void => {};
  const server = http.createServer((request, response) => {
    cut = () => response.destroy();
    const headers = { "content-length": "5", etag: '"one"' };
    if (request.headers.range === "bytes=5-9") {
      response.writeHead(206, { ...headers, "content-range": "bytes 5-9/10" }).end("56789");
    } else response.writeHead(200, { ...headers, "content-length": "10" }).write("01234");
  });
  const url = `http://127.0.0.1:${await listenOnFreshPort(server.unref())}/`;
  const dispatcher = new undici.RetryAgent(new undici.Agent(), { minTimeout: 1, timeoutFactor: 1, maxRetries: 1 });
  const fetched = async () => {
    const decoder = new TextDecoder();
    let text = "";
    for await (const chunk of (await fetch(url, { dispatcher } as never))
      .body as unknown as AsyncIterable<Uint8Array>) {
      text += decoder.decode(chunk);
      if (text.length === 5) cut();
    }
    return text;
  };
  assert.equal(await s.inSpan("work", fetched), "0123456789");
  await s.reporter.waitFor(2);
  assert.equal(
    spanTree(s.reporter.spans, { logs: true }),
    `\nwork\n  GET  client 206\n    - retry http.url=${url} http.resend_count=1 http.status_code=200`,
  );
  await dispatcher.close();
  server.close();
});

scene("a body that a dispatcher could not fetch once more is a failure", async (s) => {
  const dispatcher = new undici.RetryAgent(new undici.Agent(), { maxRetries: 0 });
  await assert.rejects(async () => (await fetch(`${s.origin}/cut`, { dispatcher } as never)).text());
  await s.reporter.waitFor(2);
  assert.equal(tree(s), "\nGET  client 200 error=connection_reset");
  await dispatcher.destroy();
});

test("hops by undici 5, whose requests have text for headers, carry each header once, and none where it must not go", () =>
  onScene(client, { propagateTo: (url) => url.includes("/redirect/") }, async (s) => {
    const before = undici5.getGlobalDispatcher();
    const dispatcher = new undici5.Agent();
    undici5.setGlobalDispatcher(dispatcher);
    try {
      for (const _ of [1, 2]) await (await fetch(`${s.origin}/redirect/1`)).text();
    } finally {
      undici5.setGlobalDispatcher(before);
    }
    await s.reporter.waitFor(6);
    assert.equal(tree(s, [HTTP_RESEND_COUNT]), "\nGET  client 200 http.resend_count=1".repeat(2));
    const [first, , second] = s.received.map(({ traceparent }) => traceparent);
    assert.match(String(first), /^00-[0-9a-f]{32}-[0-9a-f]{16}-0[13]$/);
    assert.match(String(second), /^00-[0-9a-f]{32}-[0-9a-f]{16}-0[13]$/);
    assert.deepEqual(
      s.received.map(({ traceparent }) => traceparent),
      [first, undefined, second, undefined],
    );
    await dispatcher.close();
  }));

test("a name that the DNS interceptor of a dispatcher looked up stays in the URL, and may have headers", () => {
  const isNamed = (url: string) => url.startsWith("http://orders.test:");
  return onScene(client, { propagateTo: isNamed }, async (s) => {
    const lookup = (_origin: unknown, _options: unknown, done: (...args: unknown[]) => void) =>
      done(null, [{ address: "127.0.0.1", family: 4, ttl: 1000 }]);
    const dispatcher = new undici.Agent().compose(undici.interceptors.dns({ lookup, dualStack: false } as never));
    const url = `http://orders.test:${new URL(s.origin).port}/redirect/1`;
    for (const _ of [1, 2]) await (await fetch(url, { dispatcher } as never)).text();
    await s.reporter.waitFor(6);
    const one = `\nGET  client 200 http.url=${url}\n  /redirect/1  server\n  /status/200  server`;
    assert.equal(spanTree(s.reporter.spans, { tags: [HTTP_URL] }), one.repeat(2));
    await dispatcher.close();
  });
});

scene("a Host header of the caller's own is no name of its address, whatever its dispatcher", async (s) => {
  const dispatcher = new undici.RetryAgent(new undici.Agent());
  const headers = { host: "orders.test" };
  await (await fetch(`${s.origin}/status/200`, { headers, dispatcher } as never)).text();
  await s.reporter.waitFor(2);
  assert.equal(tree(s, [HTTP_URL]), `\nGET  client 200 http.url=${s.origin}/status/200`);
  await dispatcher.close();
});

scene("a fetch that is not undici's, such as a mock, still ends its span", async (s) => {
  const traced = globalThis.fetch;
  globalThis.fetch = () => Promise.resolve(new Response("mock", { status: 418 }));
  await onScene(client, {}, async (inner) => {
    assert.equal(await (await fetch(`${s.origin}/`)).text(), "mock");
    assert.equal(tree(inner), "\nGET  client 418");
  });
  globalThis.fetch = traced;
});

scene("undici's own fetch in place of the global one has all of its Request", async () => {
  const traced = globalThis.fetch;
  globalThis.fetch = undici.fetch as never;
  await onScene(client, {}, async (inner) => {
    const init = { method: "PUT", headers: { "x-own": "1" }, body: "x" };
    const request = new undici.Request(`${inner.origin}/status/200`, init);
    assert.equal(await (await fetch(request as never)).text(), "answer");
    await inner.reporter.waitFor(2);
    assert.equal(tree(inner), "\nPUT  client 200");
    const { "x-own": own, traceparent, "content-type": type } = inner.received[0]!;
    assert.deepEqual([own, type, String(traceparent).slice(0, 3)], ["1", "text/plain;charset=UTF-8", "00-"]);
  });
  globalThis.fetch = traced;
});

test("a method that fetch leaves as it is is one span, where headers must not go, too", () =>
  onScene(client, { propagateTo: ["http://elsewhere/"] }, async (s) => {
    await (await fetch(`${s.origin}/status/200`, { method: "patch" })).text().catch(() => {});
    assert.equal(tree(s).replace(/client.*/, "client"), "\npatch  client");
  }));

scene("a method is told as it goes out: fetch makes some upper case, and others not", async (s) => {
  for (const method of ["post", "Delete", "patch", "reorder"]) {
    await (await fetch(`${s.origin}/status/200`, { method })).text().catch(() => {});
  }
  assert.equal(tree(s).replaceAll(/ {2}client.*/g, ""), "\nPOST\nDELETE\npatch\nreorder");
});

scene("a stand-in that answers nothing, or throws, does so as ever, and its span ends", async (s) => {
  const traced = globalThis.fetch;
  globalThis.fetch = ((url: string) => {
    if (url.endsWith("/throw")) throw new RangeError("at once");
    if (url.endsWith("/later")) return Promise.resolve();
    // biome-ignore lint/suspicious/noThenProperty: a thenable is what is answered
    if (url.endsWith("/thenable")) return { then: (keep: (value: object) => void) => void keep({ status: 204 }) };
    if (url.endsWith("/sly")) return Promise.resolve({ get status() { throw new Error("no"); } }); // biome-ignore format: one line
    return undefined;
  }) as never;
  await onScene(client, {}, async (inner) => {
    assert.equal(fetch(`${s.origin}/nothing`), undefined);
    assert.throws(() => fetch(`${s.origin}/throw`), RangeError);
    assert.equal(await fetch(`${s.origin}/later`), undefined);
    assert.deepEqual(await fetch(`${s.origin}/thenable`), { status: 204 });
    assert.ok(await fetch(`${s.origin}/sly`));
    const ended = ["", " error=RangeError", "", " 204", ""].map((end) => `\nGET  client${end}`);
    assert.equal(tree(inner), ended.join(""));
  });
  globalThis.fetch = traced;
});

scene("a response that is garbage collected unread ends with its headers", async (s) => {
  const before = diagnostics()["client.unread_body"] ?? 0;
  await (async () => {
    await fetch(`${s.origin}/half`);
  })();
  for (let i = 0; i < 200 && s.reporter.spans.length < 2; i++) {
    globalThis.gc!();
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (s.reporter.spans.length < 2) client.finishPending(); // a Node that collects it later
  assert.equal(tree(s), "\nGET  client 200");
  assert.equal(diagnostics()["client.unread_body"], before + 1);
});

test("nothing is loaded at the start, and an unhandled rejection ends the process as it does untraced", () => {
  const code = (traced: boolean) => `
    import { traceFetch } from "#src/clients/fetch.js";
    import { Tracing } from "node-opentracing";
    if (${traced}) traceFetch(new Tracing().http);
    console.log("loaded", globalThis[Symbol.for("undici.globalDispatcher.1")] !== undefined);
    process.on("exit", (code) => console.log("exit", code));
    fetch("http://127.0.0.1:65535/");`;
  const [plain, traced] = [false, true].map((is) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", code(is)], {
      encoding: "utf8",
    });
    return { status, stdout, failed: stderr.includes("fetch failed") };
  });
  assert.deepEqual(traced, plain);
  assert.deepEqual([traced!.status, traced!.failed], [1, true]);
});
