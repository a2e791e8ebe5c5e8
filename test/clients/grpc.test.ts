// gRPC's calls: whoever opened the connection, each is sent in the name of its own caller or of none.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { AsyncScopeManager, MemoryReporter, Tracer } from "node-opentracing";
import { spanTree } from "node-opentracing/testing";
import { traceHttp2Client } from "#src/clients/http2.js";
import { HttpTracing } from "#src/http/http-tracing.js";

/** As much of grpc-js as is used here. */
interface Grpc {
  readonly Server: new () => Server;
  readonly ServerCredentials: Credentials;
  readonly credentials: Credentials;
  makeGenericClientConstructor(
    service: object,
    name: string,
  ): new (
    address: string,
    credentials: unknown,
    options: object,
  ) => Client;
}
interface Credentials {
  createInsecure(): unknown;
}
interface Server {
  addService(service: object, handlers: object): void;
  bindAsync(address: string, credentials: unknown, done: (error: Error | null, port: number) => void): void;
  drain(address: string, graceMilliseconds: number): void;
  forceShutdown(): void;
}
interface Client {
  tell(request: object, done: (error: Error | null, headers: Received) => void): void;
  getChannel(): { watchConnectivityState(state: number, until: number, done: (error?: Error) => void): void };
  close(): void;
}
/** What a call carried. */
interface Received {
  readonly traceparent?: string;
  readonly baggage?: string;
}

// It comes with OpenTelemetry's SDK.
const grpc: Grpc = createRequire(join(process.cwd(), "test/opentelemetry-sdk3/"))("@grpc/grpc-js");
const READY = 2;
const toBytes = (value: object): Buffer => Buffer.from(JSON.stringify(value));
const toValue = (bytes: Buffer): object => JSON.parse(bytes.toString());
const SERVICE = {
  tell: {
    path: "/shop.Stock/Tell",
    requestStream: false,
    responseStream: false,
    requestSerialize: toBytes,
    requestDeserialize: toValue,
    responseSerialize: toBytes,
    responseDeserialize: toValue,
  },
};

/** Whose trace and baggage a call carried. */
type Whose = "own" | "none" | "another's";

interface Play {
  readonly reporter: MemoryReporter;
  /** Calls in a span with baggage of its own. */
  call(): Promise<Whose>;
  /** Calls each of the two servers in one such span. */
  callBoth(): Promise<Whose[]>;
  /** The first server closes the connection. */
  drop(): Promise<void>;
}

/** Traced clients of two servers that answer what they received. */
async function play(options: object, act: (play: Play) => Promise<void>): Promise<void> {
  const reporter = new MemoryReporter();
  const tracer = new Tracer({ reporter });
  const tracing = new HttpTracing(tracer, new AsyncScopeManager(), {});
  const undo = traceHttp2Client(tracing);
  const Client = grpc.makeGenericClientConstructor(SERVICE, "Stock");
  const servers = [await startServer(), await startServer()] as const;
  const clients = servers.map(({ address }) => new Client(address, grpc.credentials.createInsecure(), options));
  const callers = new Set<string>();

  async function callIn(called: readonly Client[]): Promise<Whose[]> {
    const span = tracer.startSpan("caller");
    const caller = span.context().toTraceId();
    callers.add(caller);
    span.setBaggageItem("caller", caller);
    const received = await tracing.scope.run(span, () => Promise.all(called.map(tell)));
    span.finish();
    return received.map(({ traceparent, baggage }) => {
      const trace = traceparent!.split("-")[1]!;
      if (trace === caller && baggage === `caller=${caller}`) return "own";
      return callers.has(trace) || baggage !== undefined ? "another's" : "none";
    });
  }

  try {
    await act({
      reporter,
      call: async () => (await callIn(clients.slice(0, 1)))[0]!,
      callBoth: () => callIn(clients),
      async drop() {
        const dropped = new Promise<void>((resolve) => {
          clients[0]!.getChannel().watchConnectivityState(READY, Date.now() + 10_000, () => resolve());
        });
        servers[0].server.drain(servers[0].address, 0);
        await dropped;
      },
    });
  } finally {
    undo();
    for (const client of clients) client.close();
    for (const { server } of servers) server.forceShutdown();
  }
}

function tell(client: Client): Promise<Received> {
  return new Promise((resolve, reject) => {
    client.tell({}, (error, received) => (error === null ? resolve(received) : reject(error)));
  });
}

async function startServer(): Promise<{ server: Server; address: string }> {
  const server = new grpc.Server();
  server.addService(SERVICE, {
    tell({ metadata }: { metadata: Map<string, string[]> }, done: (error: null, received: Received) => void) {
      const [traceparent] = metadata.get("traceparent")!;
      const [baggage] = metadata.get("baggage")!;
      done(null, { traceparent, baggage } as Received);
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return { server, address: `127.0.0.1:${port}` };
}

test("of the calls that wait for a connection the first has its caller for parent, the others have none", () =>
  play({}, async ({ call, drop, reporter }) => {
    assert.deepEqual(await Promise.all([call(), call(), call()]), ["own", "none", "none"]);
    const waited = "\ncaller\n  POST  client 200\ncaller\ncaller\nPOST  client 200\nPOST  client 200";
    assert.equal(spanTree(reporter.spans), waited);
    assert.deepEqual(await Promise.all([call(), call()]), ["own", "own"]);
    await drop();
    assert.deepEqual(await Promise.all([call(), call(), call()]), ["own", "none", "none"]);
  }));

test("calls that wait for a connection in place of a lost one, which nobody's call has opened, have no parent", () => {
  const config = { loadBalancingConfig: [{ round_robin: {} }] };
  return play({ "grpc.service_config": JSON.stringify(config) }, async ({ call, drop }) => {
    assert.equal(await call(), "own");
    await drop();
    assert.deepEqual(await Promise.all([call(), call()]), ["none", "none"]);
    assert.equal(await call(), "own");
  });
});

test("a span that opens connections to two servers has its first call on each", () =>
  play({}, async ({ callBoth }) => {
    assert.deepEqual(await callBoth(), ["own", "own"]);
    assert.deepEqual(await callBoth(), ["own", "own"]);
  }));
