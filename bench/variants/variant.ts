// What a variant of tracing is: a module of this folder that exports `start(sink)`.

import type { Peer } from "../places.ts";

/** What a workload may need from the variant that was started. */
export interface Started {
  /** Runs work in a child span with three tags, by the tracer's own API. Without one, the work is run alone. */
  readonly child?: <T>(name: string, work: () => T) => T;
  /** The middleware that the tracer's manual asks Koa's and Hono's users to add. */
  readonly koa?: () => Promise<unknown>;
  readonly hono?: () => Promise<unknown>;
  /** Spans that were finished, where none is sent. */
  readonly reported?: () => number;
}

/**
 * What a variant's sink must have got at the end, or the run fails: nothing at all; nothing, for the process itself counted every span
 * that the workload makes; every such span; or spans of requests. Peers drop what exceeds their queues, which makes them cheaper, and the page tells how much came: it fails below a tenth.
 */
export type Proving = "nothing" | "reported" | "every span" | "requests";

/** Whether nothing is sent. */
export function isSilent(variant: string): boolean {
  const proving = VARIANTS[variant]?.proving;
  return proving === "nothing" || proving === "reported";
}

export interface Variant {
  /** As the page calls it. */
  readonly title: string;
  readonly proving: Proving;
  /** The package whose version the page tells. */
  readonly peer?: readonly [peer: Peer, name: string];
}

export const VARIANTS: Readonly<Record<string, Variant>> = {
  untraced: { title: "untraced", proving: "nothing" },
  unsampled: { title: "node-opentracing, unsampled", proving: "nothing" },
  unexported: { title: "node-opentracing, sampled, not exported", proving: "reported" },
  ours: { title: "node-opentracing, sampled and exported", proving: "every span" },
  floor: { title: "the floor: a prototype that does the bare minimum", proving: "every span" },
  opentelemetry: {
    title: "OpenTelemetry, http only",
    proving: "requests",
    peer: ["opentelemetry", "@opentelemetry/instrumentation-http"],
  },
  "opentelemetry-full": {
    title: "OpenTelemetry, full: with its instrumentations of Express, Fastify and fetch",
    proving: "requests",
    peer: ["opentelemetry", "@opentelemetry/instrumentation-http"],
  },
  datadog: { title: "dd-trace", proving: "requests", peer: ["datadog", "dd-trace"] },
  sentry: { title: "Sentry", proving: "requests", peer: ["sentry", "@sentry/node"] },
  elastic: { title: "Elastic APM", proving: "requests", peer: ["elastic", "elastic-apm-node"] },
};
