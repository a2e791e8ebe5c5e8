// Counts what a request costs in things that noise does not move: `node guard/requests.js VARIANT
// WORKLOAD [PERIODS BEFORE]`, with the flags of guard/measure.ts. Prints JSON.

import { createHook } from "node:async_hooks";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Worker } from "node:worker_threads";
import { OtlpProtobufEncoder } from "#src/report/otlp-protobuf-encoder.js";
import { program, requireFramework as require } from "../places.ts";
import { median } from "../statistics.ts";
import type { Started } from "../variants/variant.ts";
import type { Serve } from "../workloads/workload.ts";

/** What one request costs. */
export interface RequestCost {
  /** Of heap, in the period that took least. */
  readonly bytes: number;
  /** The same in the middle one. */
  readonly medianBytes: number;
  /** On the request, the response and the socket, when the application gets them. */
  readonly listeners: number;
  /** Promises, timers, sockets: whatever async_hooks sees. */
  readonly asyncResources: number;
  readonly promises: number;
  /** Headers that are looked up, and how often their names are gone through. */
  readonly headersRead: number;
  /** Spans that the product encodes. */
  readonly encoded: number;
  /** Bytes that were sent to the back end. */
  readonly posted: number;
}

/** Requests of a period: one batch of spans, so that each period posts once. */
const PERIOD = 512;
const PERIODS = 9;

// The client has a heap of its own, which is what a worker is for.
const worker = new Worker(program("guard/client"));
const [sink] = (await once(worker, "message")) as [number];
process.env["OTEL_BSP_MAX_EXPORT_BATCH_SIZE"] = String(PERIOD);
// Batches are sent when they are full, however slow the machine.
process.env["OTEL_BSP_SCHEDULE_DELAY"] = "3600000";
const { start } = (await import(`../variants/${process.argv[2]}.js`)) as { start(sink: number): Promise<Started> };
const started = await start(sink);
const http: typeof import("node:http") = require("node:http");

/** Whether look-ups of headers are counted. */
let isCounting = false;
let reads = 0;
const counting: ProxyHandler<object> = {
  get(target, name) {
    reads++;
    return Reflect.get(target, name);
  },
  has(target, name) {
    reads++;
    return Reflect.has(target, name);
  },
  ownKeys(target) {
    reads++;
    return Reflect.ownKeys(target);
  },
};

class CountedRequest extends http.IncomingMessage {}
const { get } = Object.getOwnPropertyDescriptor(http.IncomingMessage.prototype, "headers")!;
Object.defineProperty(CountedRequest.prototype, "headers", {
  get(this: IncomingMessage) {
    return isCounting ? new Proxy(get!.call(this), counting) : get!.call(this);
  },
});

const { serve } = (await import(`../workloads/${process.argv[3]}.js`)) as { serve: Serve };
const server = await serve({ started, upstream: 0, option: 0, count() {} });
// Node's own place for the class that was given to createServer: here the workload has called that.
const place = Object.getOwnPropertySymbols(server).find(({ description }) => description === "IncomingMessage")!;
Object.assign(server, { [place]: CountedRequest });
await once(server.listen(0, "127.0.0.1"), "listening");
const { port } = server.address() as AddressInfo;

let posted = 0;
for (let i = 0; i < Number(process.argv[4] ?? 3); i++) await requests();
const taken = await bytes();
const cost: RequestCost = {
  bytes: Math.min(...taken),
  medianBytes: median(taken),
  listeners: await listeners(),
  headersRead: await headersRead(),
  encoded: await encoded(),
  ...(await resources()),
  posted,
};
console.log(JSON.stringify(cost));
process.exit(0);

/** Has the client send a period's requests, one after the other. */
async function requests(): Promise<void> {
  worker.postMessage({ port, count: PERIOD });
  [posted] = (await once(worker, "message")) as [number];
}

async function bytes(): Promise<number[]> {
  const samples: number[] = [];
  for (let i = 0; i < PERIODS; i++) {
    globalThis.gc!();
    const before = process.memoryUsage().heapUsed;
    await requests();
    samples.push((process.memoryUsage().heapUsed - before) / PERIOD);
  }
  return samples;
}

async function listeners(): Promise<number> {
  let sum = 0;
  const observe = (request: IncomingMessage, response: ServerResponse): void => {
    for (const emitter of [request, response, request.socket]) {
      for (const event of emitter.eventNames()) sum += emitter.listenerCount(event);
    }
  };
  server.prependListener("request", observe);
  await requests();
  server.off("request", observe);
  return sum / PERIOD;
}

async function headersRead(): Promise<number> {
  reads = 0;
  isCounting = true;
  await requests();
  isCounting = false;
  return reads / PERIOD;
}

async function encoded(): Promise<number> {
  const { encode } = OtlpProtobufEncoder.prototype;
  let count = 0;
  OtlpProtobufEncoder.prototype.encode = function counting(...args) {
    count++;
    encode.apply(this, args);
  };
  await requests();
  OtlpProtobufEncoder.prototype.encode = encode;
  return count / PERIOD;
}

async function resources(): Promise<{ asyncResources: number; promises: number }> {
  let all = 0;
  let promises = 0;
  const hook = createHook({
    init(_id, type) {
      all++;
      if (type === "PROMISE") promises++;
    },
  });
  hook.enable();
  await requests();
  hook.disable();
  return { asyncResources: all / PERIOD, promises: promises / PERIOD };
}
