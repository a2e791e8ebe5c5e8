// What a workload is: a module of this folder that exports `serve`, and how it is loaded.

import type { Server } from "node:http";
import type { Started } from "../variants/variant.ts";

export interface Scene {
  /** Called once by each request's handler. */
  readonly count: () => void;
  readonly started: Started;
  /** The port of a server that answers anything. */
  readonly upstream: number;
  /** What the table below says: how many child spans, or which clients, as `clients.ts` has it. */
  readonly option: number;
}

/** Makes the server; it is not listening yet. */
export type Serve = (scene: Scene) => Server | Promise<Server>;

export interface Workload {
  readonly title: string;
  /** The module of this folder; the workload's name without one. */
  readonly file?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly connections: number;
  /** Requests a second, where they do not come as fast as they are answered. */
  readonly rate?: number;
  /** Processes that serve, where it is a cluster. */
  readonly workers?: number;
  readonly option?: number;
  /** Spans that a request makes with the product, and with the floor where that knows the workload. */
  readonly spans: number;
  /** What is compared, where that is not everything. */
  readonly variants?: readonly string[];
}

const FEW = ["untraced", "ours", "floor"] as const;
const FOUR = [...FEW, "opentelemetry"] as const;
/** With the Host header there are 20, of which V8 makes a slower kind of object than of fewer. */
const BROWSER = {
  accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
  "accept-encoding": "gzip, deflate, br, zstd",
  "accept-language": "en-GB,en;q=0.9",
  "cache-control": "max-age=0",
  cookie: "session=0123456789abcdef",
  dnt: "1",
  priority: "u=0, i",
  referer: "https://shop.example/",
  "sec-ch-ua": '"Chromium";v="140"',
  "sec-ch-ua-mobile": "?0",
  "sec-fetch-dest": "document",
  "sec-fetch-mode": "navigate",
  "sec-fetch-site": "same-origin",
  "upgrade-insecure-requests": "1",
  "user-agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36",
  "x-forwarded-for": "192.0.2.7",
  "x-forwarded-host": "shop.example",
  "x-forwarded-proto": "https",
  "x-request-id": "6f1b2a",
};
/** The floor knows no child spans. */
const PARENTS = [
  "untraced",
  "unsampled",
  "unexported",
  "ours",
  "opentelemetry",
  "opentelemetry-full",
  "datadog",
  "sentry",
  "elastic",
] as const;

function hello(connections: number, more: Partial<Workload> = {}): Workload {
  const title = connections === 1 ? "one request at a time" : `${connections} requests at a time`;
  return { title, file: "hello", path: "/hello", connections, spans: 1, variants: FEW, ...more };
}

function client(title: string, option: number): Workload {
  const variants = ["untraced", "ours", "floor", "opentelemetry-full"];
  return { title, file: "clients", path: "/hello", connections: 32, option, spans: 2, variants };
}

/** Spans a second of those within one another: as fast as it can, a server makes more than the sink takes beside the load, and some are dropped. */
const NESTED_RATE = 200_000;

/** One request at a time: 32 of the deepest would make more spans in one turn of the event loop than a reporter holds. */
function nested(count: number): Workload {
  const title = count === 1 ? "one child span" : `${count} spans, each the child of the one before`;
  return {
    title,
    file: "nested",
    path: "/hello",
    connections: 1,
    rate: Math.min(2000, Math.floor(NESTED_RATE / (count + 1))),
    option: count,
    spans: count + 1,
    variants: ["untraced", "ours"],
  };
}

export const WORKLOADS: Readonly<Record<string, Workload>> = {
  hello: { title: 'node:http answers "hello"', path: "/hello", connections: 32, spans: 1 },
  incoming: {
    title: "the same with traceparent and baggage in the request",
    file: "hello",
    path: "/hello",
    headers: {
      traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
      baggage: "tenant=acme,user=42",
    },
    connections: 32,
    spans: 1,
  },
  browser: {
    title: "the same with the 20 headers of a browser behind a proxy",
    file: "hello",
    path: "/hello",
    headers: BROWSER,
    connections: 32,
    spans: 1,
    variants: FOUR,
  },
  express: { title: "Express 5, a JSON route with a parameter", path: "/users/42", connections: 32, spans: 1 },
  fastify: { title: "Fastify 5, a JSON route with a parameter", path: "/users/42", connections: 32, spans: 1 },
  koa: { title: "Koa 3 with @koa/router, the same route", path: "/users/42", connections: 32, spans: 1 },
  hono: { title: "Hono 4 on Node, the same route", path: "/users/42", connections: 32, spans: 1 },
  tornado: { title: "a Tornado-style handler, the same route", path: "/users/42", connections: 32, spans: 1 },
  clients: {
    title: "a handler with one fetch and one http.request",
    path: "/hello",
    connections: 32,
    option: 3,
    spans: 3,
  },
  fetch: client("a handler with one fetch", 1),
  request: client("a handler with one http.request", 2),
  children: {
    title: "a handler with 10 child spans",
    path: "/hello",
    connections: 32,
    option: 10,
    spans: 11,
    variants: PARENTS,
  },
  slow: { title: "64 concurrent requests that wait 10 ms", path: "/hello", connections: 64, spans: 1 },
  "concurrency-1": hello(1),
  "concurrency-16": hello(16),
  "concurrency-256": hello(256),
  "concurrency-2000": hello(2000),
  "depth-1": nested(1),
  "depth-10": nested(10),
  "depth-100": nested(100),
  "depth-1000": nested(1000),
  "workers-1": hello(32, { title: "a cluster of 1 worker", workers: 1 }),
  "workers-2": hello(32, { title: "a cluster of 2 workers", workers: 2 }),
  "workers-4": hello(32, { title: "a cluster of 4 workers", workers: 4 }),
};

/** Workloads that differ in one number: its name is before the number in theirs. */
export const FAMILIES = {
  concurrency: { title: "More connections at a time", perSpan: false },
  depth: { title: "More spans within one another", perSpan: true },
  workers: { title: "More workers of a cluster, on one core", perSpan: false },
} as const;

/** The family that a workload is of; undefined for those of no family. */
export function familyOf(workload: string): string | undefined {
  return Object.keys(FAMILIES).find((family) => workload.startsWith(`${family}-`));
}
