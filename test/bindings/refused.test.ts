// Back ends that refuse the last spans of a process: each is counted as lost once, after a try or two, and no span is in a warning.

import assert from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { datadogFolder, release } from "./datadog.js";
import { installed } from "./protocols.js";

interface Case {
  readonly name: string;
  /** Where it posts spans. */
  readonly path: string;
  readonly parameters: (port: number) => object;
  readonly cwd?: () => string;
  /** Whether it waits for a back end that is down for longer than a process waits at its end. */
  readonly isPatient?: boolean;
}

const CASES: readonly Case[] = [
  {
    name: "jaeger-client",
    path: "/api/traces",
    parameters: (port) => ({
      sampler: { type: "const", param: 1 },
      reporter: { collectorEndpoint: `http://127.0.0.1:${port}/api/traces` },
    }),
  },
  {
    name: "dd-trace",
    path: "/v0.4/traces",
    parameters: (port) => ({ url: `http://127.0.0.1:${port}`, startupLogs: false }),
    cwd: datadogFolder,
    isPatient: true,
  },
  {
    name: "lightstep-tracer",
    path: "/api/v2/reports",
    parameters: (port) => ({ collector_host: "127.0.0.1", collector_port: port, collector_encryption: "none" }),
  },
  {
    name: "zipkin-javascript-opentracing",
    path: "/api/v2/spans",
    parameters: (port) => ({ endpoint: `http://127.0.0.1:${port}` }),
  },
];

/** A process that makes a hundred spans and ends: what it counted, what it printed as warnings, and how often it posted. */
async function lastSpans(one: Case, status: number | undefined) {
  let posts = 0;
  const server = http.createServer((request, response) => {
    request.resume();
    if (request.url === one.path) posts++;
    response.writeHead(status ?? 200).end();
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  if (status === undefined) server.close();
  const { code, output, errors } = await ended(start(one, port));
  if (status !== undefined) server.close().closeAllConnections();
  assert.equal(code, 0);
  return { counted: JSON.parse(output) as object, warnings: errors, posts };
}

function start({ name, parameters, cwd = () => installed }: Case, port: number): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [fileURLToPath(new URL("last-spans.js", import.meta.url))], {
    cwd: cwd(),
    env: {
      ...process.env,
      OPENTRACING_TRACER: name,
      OPENTRACING_TRACER_PARAMETERS: JSON.stringify(parameters(port)),
      OTEL_SERVICE_NAME: "shop",
    },
  });
}

async function ended(child: ChildProcessWithoutNullStreams) {
  const output = child.stdout.setEncoding("utf8").toArray() as Promise<string[]>;
  const errors = child.stderr.setEncoding("utf8").toArray() as Promise<string[]>;
  const [code] = (await once(child, "close")) as [number];
  return { code, output: (await output).join(""), errors: (await errors).join("") };
}

test("a back end that never answers, or stops in the middle, keeps no process", async () => {
  for (const half of [false, true]) {
    const server = http.createServer((request, response) => {
      request.resume();
      if (half) response.writeHead(200, { "content-length": 100 }).write("123");
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    const all = CASES.map(async (one) => ({ name: one.name, ...(await ended(start(one, port))) }));
    for (const { name, code, output } of await Promise.all(all)) {
      assert.equal(code, 0, name);
      // Some take the headers of an answer for all of it.
      if (!half) assert.deepEqual(JSON.parse(output), { "report.exit_timeout": 1 }, name);
    }
    server.close().closeAllConnections();
  }
});

for (const one of CASES) {
  const name = one.name === "dd-trace" ? release : one.name;
  test(`${name}: a back end that answers with an error`, async () => {
    const { counted, warnings, posts } = await lastSpans(one, 503);
    assert.deepEqual(counted, { "report.send_failed": 100 });
    assert.match(warnings, /\[report\.send_failed\] OpenTracingWarning: .*could not send/);
    assert.doesNotMatch(warnings, /"last"/);
    assert.ok(posts >= 1 && posts <= 2, `${posts} posts`);
  });

  test(`${name}: a back end that is down`, async () => {
    const { counted, warnings } = await lastSpans(one, undefined);
    assert.deepEqual(counted, one.isPatient ? { "report.exit_timeout": 1 } : { "report.send_failed": 100 });
    assert.match(warnings, one.isPatient ? /did not take the last spans within 2000 ms/ : /ECONNREFUSED/);
  });
}
