// node:http and node:https clients: every way to call them, every way a request can end, and that nothing changes for the caller.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import http, { type ClientRequest, type IncomingMessage, request as namedRequest } from "node:http";
import https from "node:https";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { traceNodeHttpClient } from "#src/clients/node-http.js";
import { diagnostics } from "#src/diagnostics.js";
import { HTTP_URL, tagOf } from "#src/tags.js";
import { onScene, type Scene } from "#src/testing/_client-scene.js";
import { listenOnFreshPort } from "#src/testing/fresh-port.js";
import { spanTree } from "#src/testing/span-tree.js";
import { isUntraced, untraced } from "#src/untraced.js";
import { CLIENTS } from "./contract-clients.js";

const client = CLIENTS[0]!;

function scene(name: string, play: (scene: Scene) => Promise<void>): void {
  test(name, () => onScene(client, {}, play));
}

async function read(request: ClientRequest): Promise<string> {
  const [response] = (await once(request, "response")) as [IncomingMessage];
  let text = "";
  for await (const chunk of response) text += chunk;
  return text;
}

/** Resolves when the request is over, however it ended. */
function closed(request: ClientRequest): Promise<void> {
  return new Promise((resolve) => request.on("error", () => {}).on("close", resolve));
}

/** The client spans so far, drawn. */
function tree({ reporter }: Scene, tags: string[] = []): string {
  return spanTree(
    reporter.spans.filter((span) => tagOf(span.tags, "span.kind") === "client"),
    { tags },
  );
}

scene("client request 3: every form of arguments is traced, and none is changed", async (s) => {
  const { origin } = s;
  const port = new URL(origin).port;
  const base = { hostname: "127.0.0.1", port };
  const path = "/status/200";
  const calls: (() => ClientRequest)[] = [
    () => http.get(origin + path),
    () => http.get(new URL(origin + path)),
    () => http.get(`${origin}/other`, Object.freeze({ path, headers: Object.freeze({ "X-Own": "1" }) })),
    () => http.get(new URL(origin + path), () => {}),
    () => http.get(Object.freeze({ ...base, path })),
    () => http.request(Object.freeze({ ...base, path, headers: Object.freeze(["X-Own", "1", "Host", "h"]) })).end(),
    () =>
      http
        .request({
          ...base,
          path,
          headers: [
            ["X-Own", "1"],
            ["Host", "h"],
          ] as never,
        })
        .end(),
    () => http.request({ ...base, path, headers: { Expect: "100-continue" } }).end(),
    () => http.request({ ...base, path, agent: false, method: "get" }).end(),
    () => http.get({ ...base, path, agent: new http.Agent({ keepAlive: false }), auth: "user:secret" }),
    () => http.get({ ...base, host: "ignored.invalid", path }),
    () => http.get(`http://user:secret@127.0.0.1:${port}${path}`),
    () => http.get({ ...base, path, headers: { TraceParent: "mine", tracestate: "mine" } }),
    () => http.request({ ...base, path, headers: ["TraceParent", "mine", "host", "h"] as never }).end(),
    () => http.request(Object.freeze({ ...base, path, headers: Object.freeze({ TraceParent: "mine" }) })).end(),
    () => http.request(new URL(origin + path), { headers: { "X-Own": "1", EXPECT: "100-continue" } }).end(),
  ];
  for (const [i, call] of calls.entries()) {
    assert.equal(await read(call()), "answer");
    await s.reporter.waitFor(2);
    assert.equal(tree(s, [HTTP_URL]), `\nGET  client 200 http.url=${origin}${path}`, `call ${i}`);
    assert.match(String(s.received[0]!["traceparent"]), /^00-[0-9a-f]{32}-[0-9a-f]{16}-0[13]$/, `call ${i}`);
    s.reporter.clear();
    s.received.length = 0;
  }
});

scene("a header of any name is sent, be it one that objects treat apart", async () => {
  const server = http.createServer((request, response) => response.end(JSON.stringify(request.rawHeaders.slice(0, 5))));
  const port = await listenOnFreshPort(server);
  try {
    const headers = JSON.parse('{"__proto__": "mine", "X-Own": "1"}') as http.OutgoingHttpHeaders;
    const sent = JSON.parse(await read(http.get({ host: "127.0.0.1", port, headers }))) as string[];
    assert.deepEqual(sent, ["__proto__", "mine", "X-Own", "1", "traceparent"]);
  } finally {
    server.close();
  }
});

scene("a request that its agent sends at once has headers all the same", async (s) => {
  class Hasty extends http.Agent {
    addRequest(request: ClientRequest, ...rest: unknown[]): void {
      request.flushHeaders();
      Reflect.apply((http.Agent.prototype as never as Hasty).addRequest, this, [request, ...rest]);
    }
  }
  class Hastier extends http.Agent {
    createSocket(request: ClientRequest, ...rest: unknown[]): void {
      request.flushHeaders();
      Reflect.apply((http.Agent.prototype as never as Hastier).createSocket, this, [request, ...rest]);
    }
  }
  const { globalAgent } = http;
  for (const [agent, make] of [
    [new Hasty(), (own: http.Agent) => ({ agent: own })],
    [new Hastier(), (own: http.Agent) => ({ agent: own })],
    [
      Object.assign(new http.Agent(), { addRequest: Hasty.prototype.addRequest }),
      (own: http.Agent) => ({ agent: own }),
    ],
    [new Hasty(), () => ({})],
  ] as const) {
    const options = make(agent);
    http.globalAgent = "agent" in options ? globalAgent : agent;
    assert.equal(await read(http.request(`${s.origin}/status/200`, options).end()), "answer");
    http.globalAgent = globalAgent;
    await s.reporter.waitFor(2);
    assert.equal(tree(s), "\nGET  client 200");
    assert.match(String(s.received[0]!["traceparent"]), /^00-/);
    s.reporter.clear();
    s.received.length = 0;
  }
});

scene("an agent that tells protocol and port by the call stack does not change the URL", async (s) => {
  // As agent-base has it: the getters look for node:https among the callers, the setters leave what Node's constructor says.
  const isSecure = () => String(new Error("who asks?").stack).includes("node:https");
  class Proxying extends http.Agent {
    get protocol() {
      return isSecure() ? "https:" : "http:";
    }
    set protocol(_) {}
    get defaultPort() {
      return isSecure() ? 443 : 80;
    }
    set defaultPort(_) {}
    override createConnection() {
      return net.connect(Number(port), "127.0.0.1");
    }
  }
  const { port } = new URL(s.origin);
  const agent = new Proxying();
  const path = "/status/200";
  const secure = [
    () => https.get(`https://example.com${path}`, { agent }),
    () => https.get({ hostname: "example.com", path, agent }),
    () => https.get({ hostname: "example.com", port: 443, path, agent }),
  ];
  for (const send of secure) assert.equal(await read(send()), "answer");
  assert.equal(await read(http.get(`http://example.com${path}`, { agent })), "answer");
  await s.reporter.waitFor(8);
  assert.equal(
    tree(s, [HTTP_URL]),
    ["https", "https", "https", "http"]
      .map((protocol) => `\nGET  client 200 http.url=${protocol}://example.com${path}`)
      .join(""),
  );
});

scene("an agent's own default port is part of the URL", async (s) => {
  const agent = Object.assign(new http.Agent(), { defaultPort: Number(new URL(s.origin).port) });
  assert.equal(await read(http.get({ host: "127.0.0.1", path: "/status/200", agent })), "answer");
  await s.reporter.waitFor(2);
  assert.equal(tree(s, [HTTP_URL]), `\nGET  client 200 http.url=${s.origin}/status/200`);
});

test("a request that a patch beneath ours has sent already goes out without headers, counted", async () => {
  const { request } = http;
  http.request = ((...args: Parameters<typeof request>) => {
    const made = Reflect.apply(request, http, args);
    made.flushHeaders();
    return made;
  }) as typeof http.request;
  try {
    await onScene(client, {}, async (s) => {
      const before = diagnostics()["propagation.error"] ?? 0;
      assert.equal(await read(http.request(`${s.origin}/status/200`).end()), "answer");
      assert.equal(tree(s), "\nGET  client 200");
      assert.equal(s.received[0]!["traceparent"], undefined);
      assert.equal(diagnostics()["propagation.error"], before + 1);
    });
  } finally {
    http.request = request;
  }
});

test("a stand-in that answers no request is answered as ever, and its span ends", async () => {
  const { request } = http;
  try {
    for (const answer of [undefined, null, 5, {}]) {
      http.request = (() => answer) as never;
      await onScene(client, {}, async (s) => {
        assert.equal(http.request(`${s.origin}/status/200`), answer);
        assert.equal(tree(s), "\nGET  client");
      });
    }
  } finally {
    http.request = request;
  }
});

scene("credentials are sent, but not recorded", async (s) => {
  const { port } = new URL(s.origin);
  await read(http.get(`http://user:secret@127.0.0.1:${port}/status/200`));
  assert.match(String(s.received[0]!.authorization), /^Basic /);
  assert.doesNotMatch(JSON.stringify(s.reporter.spans), /secret/);
});

scene("a request over a Unix socket is traced", async (s) => {
  const socketPath =
    process.platform === "win32" ? `\\\\.\\pipe\\client-${process.pid}` : join(tmpdir(), `client-${process.pid}.sock`);
  const server = http.createServer((_, response) => response.end("answer")).listen(socketPath);
  await once(server, "listening");
  assert.equal(await read(http.get({ socketPath, path: "/a" })), "answer");
  assert.equal(tree(s, [HTTP_URL]), "\nGET  client 200 http.url=http://localhost/a");
  server.close();
  server.closeAllConnections();
});

scene("earlier named imports are traced too, and no longer after undo", async (s) => {
  await read(namedRequest(`${s.origin}/status/200`).end());
  assert.equal(tree(s), "\nGET  client 200");
});

test("undo restores node:http, and names and lengths are Node's", async () => {
  const before = [http.request, http.get, https.request, https.get];
  await onScene(client, {}, async () => {
    const during = [http.request, http.get, https.request, https.get];
    for (const [i, traced] of during.entries()) {
      assert.notEqual(traced, before[i]);
      assert.deepEqual([traced.name, traced.length], [before[i]!.name, before[i]!.length]);
    }
    assert.equal(namedRequest, http.request);
  });
  assert.deepEqual([http.request, http.get, https.request, https.get], before);
  assert.equal(namedRequest, before[0]);
});

scene("an undo that is called twice leaves the tracing of others alone", async (s) => {
  const undo = traceNodeHttpClient(s.tracing);
  undo();
  undo();
  await read(http.get(`${s.origin}/status/200`));
  assert.equal(tree(s), "\nGET  client 200");
});

scene("a get that calls request is one span", async (s) => {
  const original = http.request;
  const { get } = http;
  http.get = ((...args: Parameters<typeof original>) => http.request(...args).end()) as typeof http.get;
  await read(http.get(`${s.origin}/status/200`));
  http.get = get;
  assert.equal(tree(s), "\nGET  client 200");
});

scene("untraced requests have no span and no headers", async (s) => {
  assert.equal(isUntraced(), false);
  await read(untraced(() => http.get(`${s.origin}/status/200`)));
  assert.equal(tree(s), "");
  assert.equal(s.received[0]!["traceparent"], undefined);
  assert.throws(() => untraced(() => assert.fail("inside")), /inside/);
  assert.equal(isUntraced(), false);
});

scene("a call that throws is a failed span, and still throws", async (s) => {
  assert.throws(() => http.get("nonsense"), { code: "ERR_INVALID_URL" });
  assert.throws(() => http.get({ path: "/a b" }), { code: "ERR_UNESCAPED_CHARACTERS" });
  assert.throws(() => http.get({ headers: ["odd"] } as never), { code: "ERR_INVALID_ARG_VALUE" });
  const headers = { get: () => assert.fail("read") };
  assert.throws(() => http.request(Object.defineProperty({}, "headers", headers)), /read/);
  assert.equal(tree(s), `${"\nGET  client error=TypeError".repeat(3)}\nGET  client error=AssertionError`);
});

scene("listeners see the caller's active span, also when requests queue for one pooled socket", async (s) => {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const { scope } = s.tracing;
  const wrong: string[] = [];
  const once = (name: string, path: string) =>
    s.inSpan(name, async (span) => {
      const request = http.get(s.origin + path, { agent });
      const check = (event: string) => () => {
        if (scope.active() !== span) wrong.push(`${name} ${event}`);
      };
      for (const event of ["socket", "response", "error", "close"]) request.on(event, check(event));
      request.on("response", (response) => {
        for (const event of ["data", "end", "close", "aborted"]) response.on(event, check(`response ${event}`));
        response.on("error", check("response error"));
      });
      await new Promise((resolve) => request.on("close", resolve));
      check("after")();
    });
  await once("alone", "/status/200");
  await Promise.all(["/status/200", "/cut", "/status/404", "/reset", "/status/200"].map((path) => once(path, path)));
  assert.deepEqual(wrong, []);
  agent.destroy();
});

scene("a response that nobody listens for is still discarded by Node", async (s) => {
  const request = http.get(`${s.origin}/large`);
  await once(request, "close");
  assert.equal(tree(s), "\nGET  client 200");
});

scene("informational responses are not the status", async (s) => {
  const server = http.createServer((_, response) => {
    response.writeEarlyHints({ link: "</a>; rel=preload" });
    response.writeProcessing();
    response.writeHead(204).end();
  });
  const port = await listenOnFreshPort(server);
  await read(http.get({ port, host: "127.0.0.1" }));
  assert.equal(tree(s), "\nGET  client 204");
  server.close();
  server.closeAllConnections();
});

scene("an upgrade ends the span with status 101, a tunnel with 200", async (s) => {
  const server = http.createServer();
  server.on("upgrade", (_, socket) =>
    socket.end("HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: own\r\n\r\n"),
  );
  server.on("connect", (_, socket) => socket.end("HTTP/1.1 200 OK\r\n\r\n"));
  const port = await listenOnFreshPort(server);
  const upgrade = http.get({ port, host: "127.0.0.1", headers: { connection: "upgrade", upgrade: "own" } });
  const [, socket] = (await once(upgrade, "upgrade")) as [IncomingMessage, net.Socket];
  await s.reporter.waitFor(1);
  socket.destroy();
  const connect = http.request({ port, host: "127.0.0.1", method: "CONNECT", path: "there:80" }).end();
  const [, tunnel] = (await once(connect, "connect")) as [IncomingMessage, net.Socket];
  await s.reporter.waitFor(2);
  tunnel.destroy();
  assert.equal(tree(s), "\nGET  client 101\nCONNECT  client 200");
  assert.equal(tagOf(s.reporter.spans[1]!.tags, HTTP_URL), "there:80");
  server.close();
});

scene("a request destroyed without an error before the response is a failure", async (s) => {
  const request = http.get(`${s.origin}/hang`);
  await s.reporter.waitFor(1);
  request.destroy();
  await closed(request);
  assert.equal(tree(s), "\nGET  client error=Error");
});

scene("an aborted request that never had a socket is a failure", async (s) => {
  const request = http.get(`${s.origin}/hang`);
  request.abort();
  await closed(request);
  assert.match(tree(s), /^\nGET {2}client error=(response_cut|Error)$/);
});

scene("a request destroyed with an error tells that error, also after a timeout", async (s) => {
  const request = http.get(`${s.origin}/hang`);
  request.on("timeout", () => request.destroy(new RangeError("too slow")));
  await s.reporter.waitFor(1); // the server's span: the time is not used up by connecting
  request.setTimeout(20);
  await closed(request);
  assert.equal(tree(s), "\nGET  client error=RangeError");
});

scene("an error with a status of 400 to 499 is a failure of the request like any other", async (s) => {
  for (const field of ["status", "statusCode"]) {
    const request = http.get(`${s.origin}/hang`);
    request.destroy(Object.assign(new RangeError("gave up"), { [field]: 408 }));
    await closed(request);
  }
  assert.equal(tree(s), "\nGET  client error=RangeError".repeat(2));
});

scene("a timeout that only warns is no error", async (s) => {
  const request = http.get(`${s.origin}/late/60`, { timeout: 20 });
  const timeout = once(request, "timeout");
  assert.equal(await read(request), "answer");
  await timeout;
  assert.equal(tree(s), "\nGET  client 200");
});

scene("a connection that is reset half-way, rather than closed, is reset as well", async (s) => {
  let reset = (): void => {};
  const server = http.createServer((_request, response) => {
    reset = () => response.socket!.resetAndDestroy();
    response.writeHead(200, { "content-length": "100" }).write("a part");
  });
  const port = await listenOnFreshPort(server);
  const request = http.get({ host: "127.0.0.1", port });
  const isClosed = closed(request);
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  response.on("error", () => {}).on("data", () => reset());
  await isClosed;
  await s.reporter.waitFor(1);
  assert.equal(tree(s), "\nGET  client 200 error=connection_reset");
  server.close();
});

scene("a response that this side destroys half-way is cut", async (s) => {
  for (const destroy of ["response", "request"]) {
    const request = http.get(`${s.origin}/half`);
    const [response] = (await once(request, "response")) as [IncomingMessage];
    response.on("error", () => {});
    await once(response, "data");
    (destroy === "response" ? response : request).destroy();
    await closed(request);
  }
  assert.equal(tree(s), "\nGET  client 200 error=response_cut".repeat(2));
});

test("an error that nobody handles ends the process as it does untraced", () => {
  const code = (traced: boolean) => `
    import http from "node:http";
    import { traceNodeHttpClient } from "#src/clients/node-http.js";
    import { Tracing } from "node-opentracing";
    if (${traced}) traceNodeHttpClient(new Tracing().http);
    process.on("exit", (code) => console.log("exit", code));
    http.get({ host: "127.0.0.1", port: 1, path: "/" });`;
  const [untraced, traced] = [false, true].map((is) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", code(is)], {
      encoding: "utf8",
    });
    return { status, stdout, error: /Unhandled 'error' event|ECONNREFUSED/.exec(stderr)?.[0] };
  });
  assert.deepEqual(traced, untraced);
  assert.equal(traced!.status, 1);
  assert.ok(traced!.error);
});
