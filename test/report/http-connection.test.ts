// Connections to back ends that are secure, hasty, talkative or lying.

import assert from "node:assert/strict";
import { once } from "node:events";
import http, { type RequestListener } from "node:http";
import https from "node:https";
import net, { type AddressInfo } from "node:net";
import { beforeEach, type TestContext, test } from "node:test";
import type { TLSSocket } from "node:tls";
import tls from "node:tls";
import { diagnostics, resetDiagnostics } from "#src/diagnostics.js";
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

test("TLS: a certificate that nobody vouches for takes no spans", async (t) => {
  const { port, bodies } = await startSecure(t);
  const reporter = new OtlpReporter({ endpoint: `https://localhost:${port}/v1/traces`, exportTimeout: 50 });
  reporter.report(span());
  await reporter.close();
  assert.deepEqual(bodies, []);
  assert.equal(diagnostics()["report.send_failed"], 1);
});

test("IPv6", async (t) => {
  const server = http.createServer((request, response) => request.resume().on("end", () => response.end()));
  await once(server.listen(0, "::1"), "listening");
  t.after(() => server.close());
  const [request] = await Promise.all([
    once(server, "request").then(([first]) => first as http.IncomingMessage),
    postOne(`http://[::1]:${(server.address() as AddressInfo).port}/v1/traces`),
  ]);
  assert.equal(request.headers.host, `[::1]:${(server.address() as AddressInfo).port}`);
  assert.deepEqual(diagnostics(), {});
});

test("headers: the user's host counts, and nothing of the user's changes where the body ends", async (t) => {
  const backEnd = await startBackEnd(t);
  const headers = { Host: "tenant.example", "Content-Length": "3", "transfer-encoding": "chunked", "X-Key": "k" };
  await postOne(backEnd.endpoint, headers);
  const [received] = backEnd.requests;
  assert.equal(received!.headers.host, "tenant.example");
  assert.equal(received!.headers["x-key"], "k");
  assert.equal(received!.headers["transfer-encoding"], undefined);
  assert.equal(received!.headers["content-length"], String(received!.body.length));
  assert.equal(spansOf(decodeProtobuf(received!.body)).length, 1);
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

test("a back end that speaks something else is given up", async (t) => {
  const { endpoint } = await startRaw(t, (socket) => socket.write("220 mail.example ESMTP\r\n\r\n"));
  const reporter = new OtlpReporter({ endpoint, exportTimeout: 50 });
  reporter.report(span());
  await reporter.close();
  assert.equal(diagnostics()["report.send_failed"], 1);
});

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
