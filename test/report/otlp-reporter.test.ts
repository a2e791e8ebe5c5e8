// OtlpReporter against back ends of every kind, good and bad.

import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { spawn } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import type http from "node:http";
import net from "node:net";
import { beforeEach, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { diagnostics, resetDiagnostics } from "#src/diagnostics.js";
import { BatchReporter } from "#src/report/batch-reporter.js";
import type { ByteBuffer } from "#src/report/byte-buffer.js";
import type { Delivery } from "#src/report/http-sender.js";
import { OtlpReporter } from "#src/report/otlp-reporter.js";
import type { FinishedSpan } from "#src/report/reporter.js";
import { isUntraced } from "#src/untraced.js";
import { closedEndpoint, startBackEnd } from "./back-end.js";
import { attributesOf, decodeJson, decodeProtobuf, encodeAnswer, spansOf } from "./otlp-decoder.js";
import { span } from "./spans.js";

beforeEach(resetDiagnostics);

test("spans arrive as protobuf, with the resource and the headers given", async (t) => {
  const backEnd = await startBackEnd(t);
  const reporter = new OtlpReporter({
    endpoint: backEnd.endpoint.replace("//", "//user:p%40ss@"),
    headers: { "api-key": "secret" },
    serviceName: "shop",
    resource: { "service.version": "1.2", "service.name": "other" },
  });
  for (let i = 0; i < 3; i++) reporter.report(span());
  await reporter.close();
  const [request] = backEnd.requests;
  assert.equal(request!.headers["content-type"], "application/x-protobuf");
  assert.equal(request!.headers["api-key"], "secret");
  assert.match(request!.headers["user-agent"]!, /^node-opentracing\/\d/);
  assert.equal(request!.headers.authorization, `Basic ${Buffer.from("user:p@ss").toString("base64")}`);
  const decoded = decodeProtobuf(request!.body);
  const resource = attributesOf(decoded.resourceSpans[0]!.resource.attributes);
  assert.equal(resource["service.name"], "shop");
  assert.equal(resource["service.version"], "1.2");
  assert.equal(resource["telemetry.sdk.name"], "node-opentracing");
  assert.equal(spansOf(decoded).length, 3);
  assert.deepEqual(diagnostics(), {});
});

test("JSON and gzip", async (t) => {
  const backEnd = await startBackEnd(t);
  const reporter = new OtlpReporter({ endpoint: backEnd.endpoint, protocol: "http/json", compression: "gzip" });
  for (let i = 0; i < 3; i++) reporter.report(span());
  await reporter.close();
  assert.equal(backEnd.requests[0]!.headers["content-type"], "application/json");
  assert.equal(backEnd.requests[0]!.headers["content-encoding"], "gzip");
  assert.equal(spansOf(decodeJson(gunzipSync(backEnd.requests[0]!.body))).length, 3);
});

test("a batch is sent when it is full, the rest after the schedule delay", async (t) => {
  const backEnd = await startBackEnd(t);
  const reporter = new OtlpReporter({ endpoint: backEnd.endpoint, maxExportBatchSize: 2, scheduleDelay: 20 });
  for (let i = 0; i < 3; i++) reporter.report(span());
  // Timers and sockets of the reporter keep nothing alive, not even a test: its server does.
  await backEnd.waitFor(2);
  assert.deepEqual(
    backEnd.requests.map(({ body }) => spansOf(decodeProtobuf(body)).length),
    [2, 1],
  );
  await reporter.close();
});

test("the queue holds maxQueueSize spans and not one more", async (t) => {
  const backEnd = await startBackEnd(t);
  const reporter = new OtlpReporter({ endpoint: backEnd.endpoint, maxQueueSize: 5, maxExportBatchSize: 2 });
  for (let i = 0; i < 5; i++) reporter.report(span());
  assert.equal(diagnostics()["report.queue_full"], undefined);
  for (let i = 0; i < 3; i++) reporter.report(span());
  assert.equal(diagnostics()["report.queue_full"], 3);
  await reporter.flush();
  for (let i = 0; i < 5; i++) reporter.report(span());
  assert.equal(diagnostics()["report.queue_full"], 3);
  await reporter.close();
  assert.equal(backEnd.requests.flatMap(({ body }) => spansOf(decodeProtobuf(body))).length, 10);
});

test("batches of a single span hold little more than that span", async () => {
  const reporter = new OtlpReporter({ endpoint: await closedEndpoint(), maxExportBatchSize: 1 });
  reporter.report(span());
  const before = process.memoryUsage().arrayBuffers;
  for (let i = 0; i < 2_000; i++) reporter.report(span());
  const growth = process.memoryUsage().arrayBuffers - before;
  assert.ok(growth < 4 * 1024 * 1024, `${growth} bytes`);
  await reporter.close();
});

test("the buffers of a burst are kept for the next, all but four once a batch is sent for its age", async () => {
  const used = new Set<ByteBuffer>();
  const encoder = {
    contentType: "",
    encode: (_span: FinishedSpan, to: ByteBuffer) => {
      to.append(Buffer.alloc(40_000)); // two are more than a quarter of a buffer: less would be copied
      used.add(to);
    },
    body: (spans: Uint8Array) => [spans],
  };
  const answer = { code: 200, retryAfter: undefined, body: undefined } as never;
  const send = async (): Promise<Delivery> => ({ status: "delivered", answer, isSent: true });
  const sender = { send, hurry: () => () => {}, close() {} };
  const settings = { scheduleDelay: 1, maxQueueSize: 100, maxExportBatchSize: 2, flushLimit: 1000 };
  const reporter = new BatchReporter(encoder, sender, settings, () => {});
  const burst = async (): Promise<number> => {
    for (let i = 0; i < 20 * 2; i++) reporter.report(span());
    await reporter.flush();
    return used.size;
  };
  assert.deepEqual([await burst(), await burst()], [20, 20]);
  reporter.report(span());
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(await burst(), 20 + 20 - 4);
  await reporter.close();
});

test("spans reported after close are counted", async (t) => {
  const backEnd = await startBackEnd(t);
  const reporter = new OtlpReporter({ endpoint: backEnd.endpoint });
  await reporter.close();
  await reporter.close();
  reporter.report(span());
  await reporter.flush();
  assert.deepEqual(diagnostics(), { "report.after_close": 1 });
});

for (const status of [429, 502, 503, 504]) {
  test(`status ${status} is tried again`, async (t) => {
    const backEnd = await startBackEnd(t, (response, _received, index) => {
      response.writeHead(index === 0 ? status : 200, { "Retry-After": "0" }).end();
    });
    const reporter = new OtlpReporter({ endpoint: backEnd.endpoint, maxExportBatchSize: 1 });
    reporter.report(span());
    await backEnd.waitFor(2);
    await reporter.close();
    assert.deepEqual(diagnostics(), { "report.retried": 1 });
  });
}

for (const status of [301, 307, 400, 401, 404, 413, 500]) {
  test(`status ${status} is not: the spans are rejected, a redirect is not followed`, async (t) => {
    const backEnd = await startBackEnd(t, (response) => {
      response.writeHead(status, { Location: "/elsewhere" }).end("nonsense");
    });
    const reporter = new OtlpReporter({ endpoint: backEnd.endpoint });
    reporter.report(span());
    reporter.report(span());
    await reporter.close();
    assert.equal(backEnd.requests.length, 1);
    assert.deepEqual(diagnostics(), { "report.rejected": 2 });
  });
}

test("Retry-After is waited for, as seconds and by other batches too", async (t) => {
  const backEnd = await startBackEnd(t, (response, _received, index) => {
    response.writeHead(index === 0 ? 503 : 200, { "Retry-After": "1" }).end();
  });
  const reporter = new OtlpReporter({ endpoint: backEnd.endpoint, maxExportBatchSize: 1 });
  reporter.report(span());
  while (diagnostics()["report.retried"] === undefined) await new Promise(setImmediate);
  reporter.report(span());
  await backEnd.waitFor(3);
  const [first, ...later] = backEnd.requests;
  for (const request of later) assert.ok(request.at - first!.at >= 990);
  await reporter.close();
});

test("a pause that another answer prolongs meanwhile is waited for by all, and forgotten by none", async (t) => {
  const backEnd = await startBackEnd(t, (response, _received, index) => {
    if (index > 1) response.end();
    else setTimeout(() => response.writeHead(503, { "Retry-After": "1" }).end(), index * 100);
  });
  const reporter = new OtlpReporter({ endpoint: backEnd.endpoint, maxExportBatchSize: 1 });
  reporter.report(span());
  reporter.report(span());
  await backEnd.waitFor(4);
  await reporter.close();
  assert.deepEqual(diagnostics(), { "report.retried": 2 });
});

test("a flush waits out the pause that a back end has asked for", async (t) => {
  const backEnd = await startBackEnd(t, (response, _received, index) => {
    response.writeHead(index === 0 ? 503 : 200, { "Retry-After": "1" }).end();
  });
  const reporter = new OtlpReporter({ endpoint: backEnd.endpoint, maxExportBatchSize: 1 });
  reporter.report(span());
  while (diagnostics()["report.retried"] === undefined) await new Promise(setImmediate);
  await reporter.flush();
  assert.ok(backEnd.requests[1]!.at - backEnd.requests[0]!.at >= 990);
  assert.deepEqual(diagnostics(), { "report.retried": 1 });
  await reporter.close();
});

test("partial success is counted, in protobuf and JSON", async (t) => {
  const backEnd = await startBackEnd(t, (response, _received, index) => {
    if (index === 0) {
      response.setHeader("Content-Type", "application/x-protobuf").end(encodeAnswer(2, "no room"));
    } else {
      response
        .setHeader("Content-Type", "application/json; charset=utf-8")
        .end('{"partialSuccess":{"rejectedSpans":"1","errorMessage":"no room"}}');
    }
  });
  const reporter = new OtlpReporter({ endpoint: backEnd.endpoint });
  for (let i = 0; i < 3; i++) reporter.report(span());
  await reporter.flush();
  assert.deepEqual(diagnostics(), { "report.rejected": 2 });
  reporter.report(span());
  await reporter.close();
  assert.deepEqual(diagnostics(), { "report.rejected": 3 });
});

test("answers that are nonsense are counted, and empty ones are fine", async (t) => {
  const answers: [type: string, body: string | Buffer][] = [
    ["application/x-protobuf", Buffer.from([0x0a, 0x7f, 0x01])],
    ["application/x-protobuf", Buffer.alloc(50, 0xff)],
    ["application/json", "<html>"],
    ["application/json", "7"],
    ["application/json", '{"partialSuccess":{"rejectedSpans":"many"}}'],
    ["text/html", "<html>"],
  ];
  const fine: [type: string, body: string][] = [
    ["application/x-protobuf", ""],
    ["application/json", "{}"],
    ["application/json", '{"partialSuccess":null}'],
    ["text/plain", ""],
  ];
  const all = [...answers, ...fine];
  const backEnd = await startBackEnd(t, (response, _received, index) => {
    response.setHeader("Content-Type", all[index]![0]).end(all[index]![1]);
  });
  const reporter = new OtlpReporter({ endpoint: backEnd.endpoint });
  for (let i = 0; i < all.length; i++) {
    reporter.report(span());
    await reporter.flush();
  }
  await reporter.close();
  assert.deepEqual(diagnostics(), { "report.bad_answer": answers.length });
});

test("an answer without end is cut off, and the spans count as delivered", async (t) => {
  const backEnd = await startBackEnd(t, (response) => {
    const chunk = Buffer.alloc(16_384, 32);
    const more = (): void => {
      while (!response.destroyed && response.write(chunk));
    };
    response.on("drain", more);
    more();
  });
  const reporter = new OtlpReporter({ endpoint: backEnd.endpoint });
  reporter.report(span());
  await reporter.close();
  assert.deepEqual(diagnostics(), { "report.bad_answer": 1 });
});

test("an answer that stops after its head is cut off at the time limit", async (t) => {
  const backEnd = await startBackEnd(t, (response) => response.writeHead(200).flushHeaders());
  const reporter = new OtlpReporter({ endpoint: backEnd.endpoint, timeout: 50 });
  reporter.report(span());
  await reporter.close();
  assert.deepEqual(diagnostics(), { "report.bad_answer": 1 });
});

test("a back end that does not answer costs the time limit at most", async (t) => {
  const backEnd = await startBackEnd(t, () => {});
  const reporter = new OtlpReporter({ endpoint: backEnd.endpoint, timeout: 50 });
  reporter.report(span());
  await reporter.close();
  assert.deepEqual(diagnostics(), { "report.send_failed": 1 });
});

test("close and flush take exportTimeout at most", async (t) => {
  const backEnd = await startBackEnd(t, () => {});
  const reporter = new OtlpReporter({ endpoint: backEnd.endpoint, exportTimeout: 60, maxExportBatchSize: 1 });
  for (let i = 0; i < 9; i++) reporter.report(span());
  await reporter.flush(20);
  await reporter.close();
  assert.equal(diagnostics()["report.send_failed"], 9);
});

test("a connection that is closed, or refused, is tried again and then given up", async (t) => {
  const backEnd = await startBackEnd(t, (response) => response.destroy());
  for (const endpoint of [backEnd.endpoint, await closedEndpoint()]) {
    resetDiagnostics();
    const reporter = new OtlpReporter({ endpoint, exportTimeout: 2_000, maxExportBatchSize: 1 });
    reporter.report(span());
    await new Promise<void>((resolve) => {
      const look = (): void => (diagnostics()["report.retried"] === undefined ? void setTimeout(look, 2) : resolve());
      look();
    });
    await reporter.close();
    assert.deepEqual(diagnostics(), { "report.retried": 1, "report.send_failed": 1 });
  }
});

test("a back end that cannot be connected to is given up after three seconds, however long an export may take", async (t) => {
  // A stopped process accepts nothing: once the kernel's queue for it is full, connecting hangs.
  const program = `require("net").createServer().listen({ port: 0, host: "127.0.0.1", backlog: 1 }, function () {
    process.send(this.address().port, () => process.kill(process.pid, "SIGSTOP"));
  })`;
  const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  t.after(() => child.kill("SIGKILL"));
  const [port] = await once(child, "message");
  const fillers = Array.from({ length: 8 }, () => net.connect(Number(port), "127.0.0.1").on("error", () => {}));
  t.after(() => {
    for (const filler of fillers) filler.destroy();
  });
  await once(fillers[0]!, "connect");
  while ((await isConnected(fillers.at(-1)!)) && fillers.length < 100) {
    fillers.push(net.connect(Number(port), "127.0.0.1").on("error", () => {}));
  }

  const reporter = new OtlpReporter({ endpoint: `http://127.0.0.1:${port}`, exportTimeout: 60_000, timeout: 60_000 });
  const reasons: unknown[] = [];
  const listener = (message: unknown): void => void reasons.push((message as { message: unknown }).message);
  subscribe("node-opentracing:diagnostics", listener);
  t.after(() => unsubscribe("node-opentracing:diagnostics", listener));
  reporter.report(span());
  await reporter.close();
  assert.equal(diagnostics()["report.send_failed"], 1);
  assert.match(String(reasons.at(-1)), /ETIMEDOUT/);
});

/** Whether a connection on loopback is made: at once, or not at all. */
async function isConnected(socket: net.Socket): Promise<boolean> {
  for (let i = 0; i < 20 && socket.connecting; i++) await new Promise((resolve) => setTimeout(resolve, 10));
  return !socket.connecting;
}

test("a kept connection that has died costs no spans, not even of a flush, which tries but once", async (t) => {
  const backEnd = await startBackEnd(t, (response, _received, index) => {
    if (index === 1) response.destroy();
    else response.end();
  });
  const reporter = new OtlpReporter({ endpoint: backEnd.endpoint });
  for (let i = 0; i < 2; i++) {
    reporter.report(span());
    await reporter.flush();
  }
  assert.equal(backEnd.requests.length, 3);
  assert.deepEqual(diagnostics(), { "report.retried": 1 });
  await reporter.close();
});

test("where a back end goes silent, no other kept connection to it is tried", async (t) => {
  const first: http.ServerResponse[] = [];
  const kept = new Set<unknown>();
  const backEnd = await startBackEnd(t, (response, { fromPort }) => {
    if (first.length === 3) {
      if (!kept.has(fromPort)) response.end();
      return;
    }
    kept.add(fromPort);
    if (first.push(response) === 3) for (const one of first) one.end();
  });
  const reporter = new OtlpReporter({ endpoint: backEnd.endpoint, maxExportBatchSize: 1, timeout: 2_000 });
  for (let i = 0; i < 3; i++) reporter.report(span());
  await reporter.flush();
  assert.equal(kept.size, 3);

  reporter.report(span());
  await backEnd.waitFor(5);
  await reporter.close();
  assert.equal(backEnd.requests.length, 5);
  assert.equal(kept.has(backEnd.requests[3]!.fromPort), true);
  assert.equal(kept.has(backEnd.requests[4]!.fromPort), false);
  assert.deepEqual(diagnostics(), { "report.retried": 1 });
});

test("a flush without a limit, or with one that no timer takes, waits for the spans", async (t) => {
  for (const timeLimit of [2 ** 31, Number.POSITIVE_INFINITY]) {
    const responses: http.ServerResponse[] = [];
    const backEnd = await startBackEnd(t, (response) => void responses.push(response));
    const reporter = new OtlpReporter({ endpoint: backEnd.endpoint });
    reporter.report(span());
    let isFlushed = false;
    const flushed = reporter.flush(timeLimit).then(() => {
      isFlushed = true;
    });
    await backEnd.waitFor(1);
    await new Promise((resolve) => setTimeout(resolve, 20)); // behind the millisecond that Node would make of it
    assert.equal(isFlushed, false);
    responses[0]!.end();
    await flushed;
    await reporter.close();
  }
});

test("warnings show neither headers nor credentials nor the query of the endpoint", async (t) => {
  await new Promise(setImmediate); // warnings come a tick late: those of other tests are out by now
  const warnings: string[] = [];
  const listen = (warning: Error): void => void warnings.push(String(warning));
  process.on("warning", listen);
  t.after(() => process.removeListener("warning", listen));
  const backEnd = await startBackEnd(t, (response) => response.writeHead(401).end("no secret here"));
  const reporter = new OtlpReporter({
    endpoint: `${backEnd.endpoint.replace("//", "//user:secret1@")}?token=secret2`,
    headers: { "api-key": "secret3" },
  });
  reporter.report(span());
  await reporter.close();
  await new Promise(setImmediate);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, /status 401/);
  assert.doesNotMatch(warnings[0]!, /secret/);
});

test("own connections are marked as untraced, and belong to no request that was traced", async (t) => {
  const storage = new AsyncLocalStorage<string>();
  const connects: unknown[] = [];
  const answers: unknown[] = [];
  const backEnd = await startBackEnd(t);
  const { connect } = net;
  t.after(() => {
    net.connect = connect;
  });
  net.connect = function patched(this: unknown, ...args: Parameters<typeof connect>) {
    connects.push([isUntraced(), storage.getStore()]);
    return Reflect.apply(connect, this, args).on("data", () => answers.push(storage.getStore()));
  } as typeof connect;
  const reporter = new OtlpReporter({ endpoint: backEnd.endpoint, maxExportBatchSize: 2, scheduleDelay: 5 });
  storage.run("a request", () => {
    for (let i = 0; i < 3; i++) reporter.report(span());
  });
  await backEnd.waitFor(2);
  await storage.run("another", () => reporter.close());
  assert.ok(connects.length > 0 && answers.length > 0);
  assert.deepEqual(
    connects,
    connects.map(() => [true, undefined]),
  );
  assert.deepEqual(new Set(answers), new Set([undefined]));
  assert.equal(isUntraced(), false);
});

test("connections are kept open from batch to batch", async (t) => {
  const backEnd = await startBackEnd(t);
  const reporter = new OtlpReporter({ endpoint: backEnd.endpoint });
  for (let i = 0; i < 3; i++) {
    reporter.report(span());
    await reporter.flush();
  }
  await reporter.close();
  assert.equal(new Set(backEnd.requests.map(({ fromPort }) => fromPort)).size, 1);
});

test("neither a reported span nor the request it was reported in is kept alive", async (t) => {
  const backEnd = await startBackEnd(t);
  const reporter = new OtlpReporter({ endpoint: backEnd.endpoint, maxExportBatchSize: 2 });
  const storage = new AsyncLocalStorage<object>();
  const refs: WeakRef<object>[] = [];
  // A function of its own, lest this one's registers keep what it made.
  function serve(number: number): void {
    const [request, reported] = [{ number }, span()];
    refs.push(new WeakRef(request), new WeakRef(reported));
    storage.run(request, () => reporter.report(reported));
  }
  // The first batch leaves by its size, inside a request; the third span waits for a timer that was set in one.
  for (let i = 0; i < 3; i++) serve(i);
  await backEnd.waitFor(1);
  await new Promise(setImmediate);
  globalThis.gc!();
  assert.deepEqual(
    refs.map((ref) => ref.deref()),
    refs.map(() => undefined),
  );
  await reporter.close();
});

test("a span that cannot be encoded is dropped alone", async (t) => {
  const backEnd = await startBackEnd(t);
  const reporter = new OtlpReporter({ endpoint: backEnd.endpoint });
  reporter.report(span({ operationName: "before" }));
  reporter.report(span({ logs: [undefined as never] }));
  reporter.report(span({ operationName: "after" }));
  await reporter.close();
  assert.deepEqual(
    spansOf(decodeProtobuf(backEnd.requests[0]!.body)).map(({ name }) => name),
    ["before", "after"],
  );
  assert.deepEqual(diagnostics(), { "report.encode_error": 1 });
});

for (const [protocol, decode] of [
  ["http/protobuf", decodeProtobuf],
  ["http/json", decodeJson],
] as const) {
  test(`${protocol}: a span that finishes while another is being encoded is sent beside it`, async (t) => {
    const backEnd = await startBackEnd(t);
    const reporter = new OtlpReporter({ endpoint: backEnd.endpoint, protocol, maxExportBatchSize: 2 });
    const user = {
      toJSON() {
        reporter.report(span({ operationName: "inner", tags: ["a", 1] }));
        return "ada";
      },
    };
    reporter.report(span({ operationName: "outer", tags: ["user", user, "after", true] }));
    reporter.report(span({ operationName: "last" }));
    await reporter.close();
    const sent = backEnd.requests.flatMap(({ body }) => spansOf(decode(body)));
    assert.deepEqual(
      sent.map(({ name, attributes }) => [name, attributesOf(attributes)]),
      [
        ["outer", { user: "ada", after: true }],
        ["inner", { a: 1n }],
        ["last", { "http.response.status_code": 200n }],
      ],
    );
    assert.deepEqual(diagnostics(), {});
  });
}

test("spans of which each makes another while it is encoded end where the queue is full", async (t) => {
  const backEnd = await startBackEnd(t);
  const reporter = new OtlpReporter({ endpoint: backEnd.endpoint, maxQueueSize: 3000, maxExportBatchSize: 1000 });
  const again = {
    toJSON() {
      void reporter.flush(); // sends nothing that is half written
      reporter.report(span({ tags: ["again", again] }));
      return "again";
    },
  };
  reporter.report(span({ tags: ["again", again] }));
  await reporter.close();
  const sent = backEnd.requests.flatMap(({ body }) => spansOf(decodeProtobuf(body)));
  assert.deepEqual(new Set(sent.map(({ attributes }) => attributesOf(attributes)["again"])), new Set(["again"]));
  assert.equal(sent.length, 3000);
  assert.deepEqual(diagnostics(), { "report.queue_full": 1 });
});

test("a flush or a close by a tag's toJSON sends that span, too", async (t) => {
  for (const end of ["flush", "close"] as const) {
    const backEnd = await startBackEnd(t);
    const reporter = new OtlpReporter({ endpoint: backEnd.endpoint });
    let ended: Promise<void> | undefined;
    const last = {
      toJSON() {
        ended = reporter[end]();
        return "last";
      },
    };
    reporter.report(span());
    reporter.report(span({ tags: ["a", last] }));
    await ended;
    assert.deepEqual(
      backEnd.requests.map(({ body }) => spansOf(decodeProtobuf(body)).length),
      [2],
    );
    await reporter.close();
  }
  assert.deepEqual(diagnostics(), {});
});

test("a body that cannot be made costs its spans, and not the process", async () => {
  const encoder = {
    contentType: "text/plain",
    encode: (_span: FinishedSpan, to: ByteBuffer) => to.append(Buffer.from("x")),
    body() {
      throw new RangeError("too large");
    },
  };
  const sender = { send: () => assert.fail("there is no body"), hurry: () => () => {}, close() {} };
  const settings = { scheduleDelay: 5, maxQueueSize: 10, maxExportBatchSize: 5, flushLimit: 1000 };
  const reporter = new BatchReporter(encoder, sender, settings, () => {});
  for (let i = 0; i < 6; i++) reporter.report(span());
  await reporter.close();
  assert.deepEqual(diagnostics(), { "report.send_failed": 6 });
});

test("wrong options are refused with what to write instead", () => {
  const refused: [options: unknown, message: RegExp][] = [
    [{ endpont: "x" }, /did you mean "endpoint"/],
    [
      { endpoint: "localhost:4318" },
      /endpoint must be an http or https URL: "http:\/\/localhost:4318\/v1\/traces", not a text that is none$/,
    ],
    [{ endpoint: "grpc://localhost" }, /endpoint must be an http or https URL/],
    [{ headers: { "a b": "c" } }, /headers must be/],
    [{ headers: { a: "b\n" } }, /headers must be/],
    [{ headers: { ok: "1", "api-key": undefined } }, /, not one whose "api-key" is undefined$/],
    [{ headers: { ok: "1", "api-key": 7 } }, /, not one whose "api-key" is a number$/],
    [{ headers: { Expect: "100-continue" } }, /, not one with "Expect"$/],
    [{ protocol: "grpc" }, /"http\/protobuf" or "http\/json"/],
    [{ compression: "br" }, /"gzip" or "none"/],
    [{ timeout: -1 }, /timeout must be milliseconds/],
    [{ maxQueueSize: 0 }, /maxQueueSize must be a whole number/],
    [{ resource: { a: {} } }, /resource must be/],
    [{ serviceName: "" }, /serviceName must be/],
  ];
  for (const [options, message] of refused) {
    assert.throws(() => new OtlpReporter(options as object), { name: "TypeError", message });
  }
  new OtlpReporter({ timeout: 0, maxQueueSize: 1, endpoint: undefined });
});

test("what may hold a key is told by its type alone where it is wrong", () => {
  const key = "key-of-40-bytes";
  const wrong: readonly (readonly [object, RegExp])[] = [
    [{ headers: `api-key=${key}` }, /, not a text$/],
    [{ headers: [key] }, /, not an array$/],
    [{ headers: new Headers({ "api-key": key }) as never }, /plain object .*, not an object$/],
    [{ headers: { "api-key": `${key}\n` } }, /, not one whose "api-key" is a text that HTTP does not allow$/],
    [{ headers: { [`api-key: ${key}`]: "" } }, /, not one with a name that HTTP does not allow$/],
    [{ endpoint: `user:${key}@host:4318` }, /, not a text that is none$/],
    [{ endpoint: 4318 }, /, not a number$/],
    [{ endpoint: null }, /, not null$/],
  ];
  for (const [options, message] of wrong) {
    assert.throws(
      () => new OtlpReporter(options),
      (error: Error) => message.test(error.message) && !error.message.includes(key),
    );
  }
});
