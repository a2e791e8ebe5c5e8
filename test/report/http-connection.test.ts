// Connections to back ends that are secure, hasty, talkative or lying.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import http, { type RequestListener } from "node:http";
import https from "node:https";
import net, { type AddressInfo } from "node:net";
import { beforeEach, type TestContext, test } from "node:test";
import tls, { type TLSSocket } from "node:tls";
import { diagnostics, resetDiagnostics } from "#src/diagnostics.js";
import { HttpSender } from "#src/report/http-sender.js";
import { OtlpReporter } from "#src/report/otlp-reporter.js";
import { certificate } from "../clients/certificate.js";
import { startBackEnd } from "./back-end.js";
import { decodeProtobuf, spansOf } from "./otlp-decoder.js";
import { span } from "./spans.js";

beforeEach(resetDiagnostics);

test("TLS: by the name of the host, and by a full handshake once", async (t) => {
  trustTestCertificate(t);
  const handshakes: [string | false | null, boolean][] = [];
  const { port, bodies } = await startSecure(t, (socket) => {
    handshakes.push([socket.servername, socket.isSessionReused()]);
  });
  const reporter = new OtlpReporter({ endpoint: `https://localhost:${port}/v1/traces` });
  for (let i = 0; i < 2; i++) {
    reporter.report(span());
    await reporter.flush();
  }
  await reporter.close();
  assert.deepEqual(
    bodies.map((body) => spansOf(decodeProtobuf(body)).length),
    [1, 1],
  );
  assert.deepEqual(handshakes, [
    ["localhost", false],
    ["localhost", true],
  ]);
  assert.deepEqual(diagnostics(), {});
});

test("TLS: where a header names the host, the certificate is asked for by that name", async (t) => {
  trustTestCertificate(t);
  const names: unknown[] = [];
  const { port, bodies } = await startSecure(t, ({ servername }) => names.push(servername));
  const endpoint = `https://127.0.0.1:${port}/v1/traces`;
  await postOne(endpoint, { Host: "localhost:1" });
  await postOne(endpoint, { Host: "tenant.example" });
  assert.deepEqual(names, ["localhost"]);
  assert.equal(bodies.length, 1);
  assert.equal(diagnostics()["report.send_failed"], 1);
});

test("TLS: a certificate that nobody vouches for takes no spans", async (t) => {
  const reasons = listenToReasons(t);
  const { port, bodies } = await startSecure(t);
  await postOne(`https://localhost:${port}/v1/traces`);
  assert.deepEqual(bodies, []);
  assert.equal(diagnostics()["report.send_failed"], 1);
  assert.match(reasons.at(-1)!, /DEPTH_ZERO_SELF_SIGNED_CERT/);
});

test("IPv6", async (t) => {
  const server = http.createServer((request, response) => request.resume().on("end", () => response.end()));
  const listening = once(server.listen(0, "::1"), "listening");
  t.after(() => server.close());
  if (!(await listening.then(Boolean, () => false))) return t.skip("this machine has no IPv6");
  const [request] = await Promise.all([
    once(server, "request").then(([first]) => first as http.IncomingMessage),
    postOne(`http://[::1]:${(server.address() as AddressInfo).port}/v1/traces`),
  ]);
  assert.equal(request.headers.host, `[::1]:${(server.address() as AddressInfo).port}`);
  assert.deepEqual(diagnostics(), {});
});

test("headers: the user's host and connection count; what would change where the body ends is refused", async (t) => {
  const backEnd = await startBackEnd(t);
  await postOne(backEnd.endpoint, { Host: "tenant.example", Connection: "close", "X-Key": "k" });
  const [{ headers, body }] = backEnd.requests as [(typeof backEnd.requests)[0]];
  assert.equal(headers.host, "tenant.example");
  assert.equal(headers.connection, "close");
  assert.equal(headers["x-key"], "k");
  assert.equal(headers["content-length"], String(body.length));
  for (const name of ["Content-Length", "transfer-encoding", "Expect", "upgrade"]) {
    assert.throws(() => new OtlpReporter({ headers: { [name]: "1" } }), /headers must be .*, without content-length/);
  }
});

test("a kept connection does not keep the process, even one to the second address of its host", async (t) => {
  const backEnd = await startBackEnd(t);
  const program = `
    import dns from "node:dns";
    dns.lookup = (host, options, done) => done(null, [{ address: "::1", family: 6 }, { address: "127.0.0.1", family: 4 }]);
    const { OtlpReporter, Tracer } = await import("node-opentracing");
    const reporter = new OtlpReporter({ endpoint: ${JSON.stringify(backEnd.endpoint.replace("127.0.0.1", "localhost"))} });
    new Tracer({ reporter }).startSpan("one").finish();
    await reporter.flush();`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], { stdio: "inherit" });
  t.after(() => child.kill("SIGKILL"));
  await once(child, "exit"); // the back end keeps its connections for five seconds
  assert.equal(child.exitCode, 0);
  assert.equal(backEnd.requests.length, 1);
  assert.ok(performance.now() - backEnd.requests[0]!.at < 4_000, "ended before the back end closed the connection");
});

test("a back end that ends its side without an answer has lost the spans, whether it reads on or not", async (t) => {
  const reasons = listenToReasons(t);
  const { endpoint } = await startRaw(t, (socket) => {
    socket.pause(); // reads no more
    socket.end();
  });
  const reporter = new OtlpReporter({ endpoint, maxExportBatchSize: 1, exportTimeout: 500 });
  const long = "x".repeat(1_000_000); // more than the system takes at once
  reporter.report(span({ tags: ["a", long, "b", long, "c", long, "d", long] }));
  await reporter.close();
  assert.equal(diagnostics()["report.send_failed"], 1);
  assert.match(reasons.at(-1)!, /closed the connection/);
});

test("a body whose answer has not come when the sender is closed is given up for that reason", async (t) => {
  const backEnd = await startBackEnd(t, () => {});
  const sender = new HttpSender({
    endpoint: new URL(backEnd.endpoint),
    contentType: "application/json",
    headers: {},
    compression: "none",
    timeout: 0,
    exportTimeout: 0,
  });
  const sent = sender.send([Buffer.from("{}")]);
  await backEnd.waitFor(1);
  sender.close();
  assert.deepEqual(await sent, { status: "failed", reason: "the reporter was closed" });
});

test("an answer before the whole body was sent counts", async (t) => {
  const { endpoint } = await startRaw(t, (socket) => {
    socket.pause(); // reads no more
    socket.end("HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  });
  const reporter = new OtlpReporter({ endpoint, maxExportBatchSize: 500 });
  const long = "x".repeat(30_000);
  for (let i = 0; i < 500; i++) reporter.report(span({ tags: ["long", long] }));
  await reporter.close();
  assert.deepEqual(diagnostics(), { "report.rejected": 500 });
});

test("a connection is not used any more when the back end has spoken unasked, or is about to close it", async (t) => {
  for (const answer of [
    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nKeep-Alive: timeout=1\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 408 Request Timeout\r\n\r\n",
    "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
  ]) {
    resetDiagnostics();
    let connections = 0;
    const { endpoint } = await startRaw(t, (socket) => {
      connections++;
      socket.write(answer);
    });
    const reporter = new OtlpReporter({ endpoint });
    for (let i = 0; i < 2; i++) {
      reporter.report(span());
      await reporter.flush();
    }
    await reporter.close();
    assert.equal(connections, 2, answer);
    assert.deepEqual(diagnostics(), {}, answer);
  }
});

test("a back end that speaks between two answers is asked on another connection", async (t) => {
  let connections = 0;
  const { endpoint } = await startRaw(t, (socket) => {
    connections++;
    socket.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", () => {
      setImmediate(() => socket.write("HTTP/1.1 408 Request Timeout\r\n\r\n"));
    });
    socket.on("close", () => closed());
  });
  let closed = (): void => {};
  const isClosed = new Promise<void>((resolve) => {
    closed = resolve;
  });
  const reporter = new OtlpReporter({ endpoint });
  reporter.report(span());
  await reporter.flush();
  await isClosed;
  reporter.report(span());
  await reporter.close();
  assert.equal(connections, 2);
  assert.deepEqual(diagnostics(), {});
});

test("a back end that speaks something else is given up", async (t) => {
  const reasons = listenToReasons(t);
  const { endpoint } = await startRaw(t, (socket) => socket.write("220 mail.example ESMTP\r\n\r\n"));
  await postOne(endpoint);
  assert.equal(diagnostics()["report.send_failed"], 1);
  assert.match(reasons.at(-1)!, /not HTTP\/1\.1: no status line/);
});

test("a 404 is told with the path that an endpoint lacks", async (t) => {
  const reasons = listenToReasons(t);
  const { endpoint } = await startRaw(t, (socket) =>
    socket.write("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"),
  );
  await postOne(endpoint);
  await postOne(new URL(endpoint).origin);
  assert.match(reasons[0]!, /\/v1\/traces answered with status 404$/);
  assert.match(reasons[1]!, /\/ answered with status 404; the endpoint has no path, and is used as it is$/);
});

/** What warnings say from now on. */
function listenToReasons(t: TestContext): string[] {
  const reasons: string[] = [];
  const listener = (message: unknown): void => void reasons.push((message as { message: string }).message);
  subscribe("node-opentracing:diagnostics", listener);
  t.after(() => unsubscribe("node-opentracing:diagnostics", listener));
  return reasons;
}

async function postOne(endpoint: string, headers: Record<string, string> = {}): Promise<void> {
  const reporter = new OtlpReporter({ endpoint, headers });
  reporter.report(span());
  await reporter.close();
}

/** A back end that calls `behave` with the first bytes of each connection. */
async function startRaw(t: TestContext, behave: (socket: net.Socket) => void): Promise<{ endpoint: string }> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("data", () => behave(socket));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces` };
}

/** A back end over TLS that closes each connection after its answer. */
async function startSecure(
  t: TestContext,
  onHandshake: (socket: TLSSocket) => void = () => {},
): Promise<{ port: number; bodies: Buffer[] }> {
  const bodies: Buffer[] = [];
  const answer: RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      bodies.push(Buffer.concat(chunks));
      response.writeHead(200, { connection: "close" }).end();
    });
  };
  const server = https.createServer(certificate, answer);
  server.on("secureConnection", onHandshake);
  server.on("tlsClientError", () => {});
  await once(server.listen(0), "listening");
  t.after(() => server.close());
  return { port: (server.address() as AddressInfo).port, bodies };
}

/** As `NODE_EXTRA_CA_CERTS` does, which is read only once. */
function trustTestCertificate(t: TestContext): void {
  const { connect } = tls;
  t.after(() => {
    tls.connect = connect;
  });
  tls.connect = ((options: tls.ConnectionOptions) => connect({ ...options, ca: certificate.cert })) as typeof connect;
}
