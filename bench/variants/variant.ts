// What a variant of tracing is: a module of this folder that exports `start(sink)`.

/** What a workload may need from the variant that was started. */
export interface Started {
  /** Runs work in a child span with three tags, by the tracer's own API. Without one, the work is run alone. */
  readonly child?: <T>(name: string, work: () => T) => T;
  /** The middleware that the tracer's manual asks Koa's and Hono's users to add. */
  readonly koa?: () => Promise<unknown>;
  readonly hono?: () => Promise<unknown>;
}

/** How much of a variant's work can be proved. */
export type Proving = "nothing" | "every span" | "every request" | "what comes";

export interface Variant {
  /** As the page calls it. */
  readonly title: string;
  /**
   * What its sink must have got, or the run fails: every span that the workload makes; one span of a served request for each request.
   * "what comes": it drops under load by design, and the page tells how much.
   */
  readonly proving: Proving;
  /** The package whose version the page tells. */
  readonly peer?: readonly [folder: string, name: string];
}

export const VARIANTS: Readonly<Record<string, Variant>> = {
  untraced: { title: "untraced", proving: "nothing" },
  unsampled: { title: "node-opentracing, unsampled", proving: "nothing" },
  unexported: { title: "node-opentracing, sampled, not exported", proving: "nothing" },
  ours: { title: "node-opentracing, sampled and exported", proving: "every span" },
  floor: { title: "the floor: a prototype that does the bare minimum", proving: "every span" },
  opentelemetry: {
    title: "OpenTelemetry, http only",
    proving: "every request",
    peer: ["opentelemetry", "@opentelemetry/instrumentation-http"],
  },
  "opentelemetry-full": {
    title: "OpenTelemetry with its instrumentations of frameworks and fetch",
    proving: "every request",
    peer: ["opentelemetry", "@opentelemetry/instrumentation-http"],
  },
  datadog: { title: "dd-trace", proving: "every request", peer: ["datadog", "dd-trace"] },
  sentry: { title: "Sentry", proving: "what comes", peer: ["sentry", "@sentry/node"] },
  elastic: { title: "Elastic APM", proving: "what comes", peer: ["elastic", "elastic-apm-node"] },
};
