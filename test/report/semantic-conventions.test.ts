// OpenTracing's tags and logs as OpenTelemetry's attributes, status and events.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { LogEntry } from "node-opentracing";
import { errorFacts, errorStack } from "#src/report/error-facts.js";
import {
  eventName,
  kindOf,
  type Outcome,
  outcomeOf,
  writeEvent,
  writeOutcome,
  writeTags,
} from "#src/report/semantic-conventions.js";
import { startApp } from "../app.js";
import { span } from "./spans.js";

test("a server's request", () => {
  assert.deepEqual(
    attributes({
      "span.kind": "server",
      component: "node:http",
      "http.method": "GET",
      "http.url": "/orders/7?page=2",
      "http.scheme": "https",
      "http.host": "shop.example:8443",
      "http.route": "/orders/:id",
      "http.status_code": 200,
      "peer.hostname": "client.example",
      "peer.ipv4": "192.0.2.1",
      "peer.port": 50123,
    }),
    {
      component: "node:http",
      "http.request.method": "GET",
      "url.path": "/orders/7",
      "url.query": "page=2",
      "url.scheme": "https",
      "server.address": "shop.example",
      "server.port": 8443,
      "http.route": "/orders/:id",
      "http.response.status_code": 200,
      "client.address": "client.example",
      "network.peer.address": "192.0.2.1",
      "network.peer.port": 50123,
    },
  );
});

test("a client's request", () => {
  assert.deepEqual(
    attributes({
      "span.kind": "client",
      "http.method": "POST",
      "http.url": "https://api.example/v1?x=1",
      "http.status_code": "503",
      "http.resend_count": 2,
      "peer.service": "api",
      "peer.hostname": "ignored, for the URL tells",
    }),
    {
      "http.request.method": "POST",
      "url.full": "https://api.example/v1?x=1",
      "server.address": "api.example",
      "server.port": 443,
      "http.response.status_code": 503,
      "http.request.resend_count": 2,
      "peer.service": "api",
      "error.type": "503",
    },
  );
});

test("a status is an error without a tag that says so: from 400 on of the client that got it, from 500 on of the server that gave it", () => {
  for (const [kind, status, code, errorType] of [
    ["client", 399, 0, ""],
    ["client", 400, 2, "400"],
    ["server", 404, 0, ""],
    ["server", 499, 0, ""],
    ["server", 500, 2, "500"],
    ["server", "503", 2, "503"],
    ["consumer", 503, 0, ""],
    [undefined, 503, 0, ""],
  ] as const) {
    const tags = ["span.kind", kind, "http.status_code", status];
    assert.deepEqual(outcomeOf(span({ tags, logs: [] }), kindOf(tags)), { code, message: "", errorType });
  }
});

test("a tunnel has a target, no path", () => {
  const target = { "http.request.method": "CONNECT", "server.address": "there", "server.port": 443 };
  const tunnel = { "http.method": "CONNECT", "http.url": "there:443" };
  assert.deepEqual(attributes({ ...tunnel, "span.kind": "client" }), target);
  assert.deepEqual(attributes({ ...tunnel, "span.kind": "client", "peer.hostname": "there" }), target);
  assert.deepEqual(attributes({ ...tunnel, "span.kind": "server" }), target);
  assert.deepEqual(attributes({ ...tunnel, "span.kind": "server", "http.host": "there:443" }), target);
});

test("hosts and ports are read as they are written", () => {
  const read = (url: string): unknown[] => {
    const found = attributes({ "span.kind": "client", "http.url": url });
    return [found["server.address"], found["server.port"]];
  };
  assert.deepEqual(read("http://a"), ["a", 80]);
  assert.deepEqual(read("http://a:8080/x"), ["a", 8080]);
  assert.deepEqual(read("http://u:p@a:1?x"), ["a", 1]);
  assert.deepEqual(read("http://[::1]:65535/x"), ["::1", 65535]);
  assert.deepEqual(read("http://[::1]/x"), ["::1", 80]);
  assert.deepEqual(read("http://a:65536/"), ["a", 80]);
  assert.deepEqual(read("ws://a:x/"), ["a", undefined]);
  assert.deepEqual(read("/path?next=http://b/"), [undefined, undefined]);
});

test("methods that are unknown, or written in lower case, are _OTHER", () => {
  for (const method of ["BREW", "get"]) {
    assert.deepEqual(attributes({ "http.method": method }), {
      "http.request.method": "_OTHER",
      "http.request.method_original": method,
    });
  }
});

test("a server's absolute URL gives scheme and address where no other tag does", () => {
  assert.deepEqual(attributes({ "span.kind": "server", "http.url": "http://a:81/b?c#d" }), {
    "url.path": "/b",
    "url.query": "c",
    "url.scheme": "http",
    "server.address": "a",
    "server.port": 81,
  });
});

test("a tag that has the stable name already is the one that counts", () => {
  assert.deepEqual(
    attributes({ "http.method": "GET", "http.request.method": "PUT", "http.host": "a", "server.address": "b" }),
    {
      "http.request.method": "PUT",
      "server.address": "b",
    },
  );
});

test("a kind that OpenTelemetry does not know stays a tag", () => {
  assert.deepEqual(attributes({ "span.kind": "batch" }), { "span.kind": "batch" });
  assert.deepEqual(attributes({ "span.kind": "internal" }), {});
  assert.deepEqual(
    ["server", "client", "producer", "consumer", "x"].map((kind) => kindOf(["span.kind", kind])),
    [2, 3, 4, 5, 1],
  );
});

test("error=true is the status ERROR, error=false is OK, none is unset", () => {
  assert.equal(outcome({ error: true }).code, 2);
  assert.equal(outcome({ error: "true" }).code, 2);
  assert.deepEqual(outcome({ error: "no stock" }), { code: 2, message: "no stock", errorType: "_OTHER" });
  assert.equal(outcome({ error: false }).code, 1);
  assert.equal(outcome({ error: "false" }).code, 1);
  assert.equal(outcome({}).code, 0);
  assert.equal(outcome({ error: null }).code, 0);
});

test("error.type is the error's code or class, else the kind, else the HTTP status", () => {
  const coded = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
  assert.equal(
    outcome({ error: true }, [{ event: "error", "error.object": new TypeError("no") }]).errorType,
    "TypeError",
  );
  assert.equal(outcome({ error: true }, [{ event: "error", "error.object": coded }]).errorType, "ECONNREFUSED");
  assert.deepEqual(outcome({ error: true }, [{ event: "error", "error.kind": "timeout", message: "30 s" }]), {
    code: 2,
    message: "30 s",
    errorType: "timeout",
  });
  assert.equal(outcome({ "span.kind": "server", error: true, "http.status_code": 500 }).errorType, "500");
  assert.equal(outcome({ "span.kind": "client", error: true, "http.status_code": 404 }).errorType, "404");
  assert.equal(outcome({ "span.kind": "server", error: true, "http.status_code": 499 }).errorType, "_OTHER");
  assert.equal(outcome({}, [{ event: "error", "error.object": coded }]).errorType, "");
});

test("a fetch that failed: error.type is the code of its cause, and the stack tells the cause", async () => {
  const closed = await startApp();
  await closed.close();
  const error: unknown = await fetch(closed.url).catch((error: unknown) => error);
  assert.equal(outcome({ error: true }, [{ event: "error", "error.object": error }]).errorType, "ECONNREFUSED");
  const [, attributes] = event({ event: "error", "error.object": error });
  assert.equal(attributes["exception.type"], "TypeError");
  assert.equal(attributes["exception.message"], "fetch failed");
  assert.match(
    String(attributes["exception.stacktrace"]),
    /^TypeError: fetch failed\n(.*\n)?Caused by: Error: connect ECONNREFUSED 127\./s,
  );
});

test("what caused an error gives its code to Error and TypeError alone: other classes say what went wrong", () => {
  const refused = Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
  const wrapped = new Error("no rates", { cause: new TypeError("fetch failed", { cause: refused }) });
  const told = new RangeError("out of stock", { cause: refused });
  const ring = new Error("ring");
  ring.cause = new Error("around", { cause: ring });
  const kinds = [wrapped, told, ring, new Error("x", { cause: { code: 7 } }), new Error("x", { cause: "by hand" })];
  assert.deepEqual(
    kinds.map((error) => errorFacts({ "error.object": error }).kind),
    ["ECONNREFUSED", "RangeError", "Error", "Error", "Error"],
  );
});

test("a cause that cannot be read costs an error nothing but what is below", () => {
  const unreadable = {
    get name(): string {
      throw new Error("unreadable");
    },
  };
  for (const cause of [unreadable, Proxy.revocable({}, {}).proxy]) {
    const error = Object.assign(new RangeError("far", { cause: new Error("above", { cause }) }), { stack: "far" });
    error.cause = Object.assign(error.cause as Error, { stack: "above" });
    assert.deepEqual(errorFacts({ "error.object": error }), {
      kind: "RangeError",
      type: "RangeError",
      message: "far",
      stack: "far\nCaused by: above",
    });
  }
});

test("an AggregateError tells its errors, and has the first one's message where it has none", () => {
  const refused = [1, 2].map((host) =>
    Object.assign(new Error(`connect ECONNREFUSED 127.0.0.${host}:9`), { stack: `at ${host}` }),
  );
  const error = Object.assign(new AggregateError(refused), { code: "ECONNREFUSED", stack: "AggregateError" });
  assert.deepEqual(errorFacts({ "error.object": error }), {
    kind: "ECONNREFUSED",
    type: "AggregateError",
    message: "connect ECONNREFUSED 127.0.0.1:9",
    stack: "AggregateError\nCaused by: at 1\nCaused by: at 2",
  });
});

test("the stack of an error has those of its causes below it: eight at most, none twice", () => {
  const stacked = (message: string, cause?: unknown): Error =>
    Object.assign(new Error(message, { cause }), { stack: message });
  const ring = stacked("ring");
  ring.cause = stacked("around", ring);
  let deep = stacked("0");
  for (let i = 1; i < 20; i++) deep = stacked(String(i), deep);
  const causes = [
    ring,
    stacked("a", "by hand"),
    stacked("b", { name: "Odd", message: "c" }),
    stacked("d", {}),
    stacked("", "e"),
    deep,
  ];
  assert.deepEqual(
    causes.map((error) => errorStack(error).split("\nCaused by: ")),
    [
      ["ring", "around"],
      ["a", "by hand"],
      ["b", "Odd: c"],
      ["d"],
      [""],
      ["19", "18", "17", "16", "15", "14", "13", "12", "11"],
    ],
  );
});

test("the first error that was logged is the one that the status tells", () => {
  const logs = [
    { event: "error", "error.object": new Error("first") },
    { event: "error", message: "second" },
  ];
  assert.equal(outcome({ error: true }, logs).message, "first");
});

test("a logged error is an exception event, other logs keep their name and fields", () => {
  const error = new RangeError("far");
  assert.deepEqual(event({ event: "error", "error.object": error, attempt: 2 }), [
    "exception",
    { "exception.type": "RangeError", "exception.message": "far", "exception.stacktrace": error.stack, attempt: 2 },
  ]);
  assert.deepEqual(event({ event: "error", "error.kind": "timeout", message: "30 s" }), [
    "exception",
    { "exception.type": "timeout", "exception.message": "30 s" },
  ]);
  assert.deepEqual(event({ event: "error", "error.object": "thrown text" }), [
    "exception",
    { "exception.message": "thrown text" },
  ]);
  assert.deepEqual(event({ event: "retry", attempt: 2 }), ["retry", { attempt: 2 }]);
  assert.deepEqual(event({ message: "hi" }), ["log", { message: "hi" }]);
});

test("database tags have their stable names", () => {
  assert.deepEqual(attributes({ "db.statement": "SELECT 1", "db.instance": "shop", "db.type": "sql" }), {
    "db.query.text": "SELECT 1",
    "db.namespace": "shop",
    "db.type": "sql",
  });
});

function attributes(tags: Record<string, unknown>): Record<string, unknown> {
  const flat = Object.entries(tags).flat();
  const sink = collector();
  writeTags(sink, span({ tags: flat }), kindOf(flat));
  writeOutcome(sink, outcomeOf(span({ tags: flat }), kindOf(flat)), flat);
  return sink.found;
}

function outcome(tags: Record<string, unknown>, logs: readonly LogEntry["fields"][] = []): Outcome {
  const flat = Object.entries(tags).flat();
  return outcomeOf(span({ tags: flat, logs: logs.map((fields) => ({ timestamp: 0, fields })) }), kindOf(flat));
}

function event(fields: LogEntry["fields"]): [name: string, attributes: Record<string, unknown>] {
  const sink = collector();
  const entry = { timestamp: 0, fields };
  writeEvent(sink, entry);
  return [eventName(entry), sink.found];
}

function collector(): { found: Record<string, unknown>; attribute(name: string, value: unknown): void } {
  const found: Record<string, unknown> = {};
  return {
    found,
    attribute(name, value) {
      assert.ok(!(name in found), `${name} comes twice`);
      found[name] = value;
    },
  };
}
