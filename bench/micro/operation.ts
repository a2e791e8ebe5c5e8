// What micro-benchmarks measure: single operations, made by a module of this folder for each tracer.

import type { Tracer } from "opentracing";

/** One operation, ready to be repeated. */
export interface Operation {
  /** Answers what it made, if anything: that is kept for a moment, so that V8 cannot leave the making out. */
  readonly run: () => unknown;
  /** How many things one run does. 1 by default. */
  readonly per?: number;
  /** Says whether the work was done, when all runs are over. `made`: what the last one answered. @throws Error where it was not */
  readonly prove: (runs: number, made: unknown) => void;
}

/** What a module exports: how to make each operation that the tracer has. */
export type Operations = Readonly<Partial<Record<OperationName, () => Operation>>>;

export const OPERATION_TITLES = {
  span: "start a span, set 3 tags, finish, encode",
  active: "the same by startActiveSpan",
  inject: "inject a context into headers",
  extract: "extract a context from headers",
  ids: "make a trace id and a span id, as spans keep them",
  protobuf: "encode one of 1,000 spans, as each does for its back end",
  json: "encode one of 1,000 spans as OTLP JSON",
} as const;

export type OperationName = keyof typeof OPERATION_TITLES;

export const TRACERS = ["ours", "floor", "opentelemetry", "datadog", "jaeger"] as const;

/** The attributes of the spans that are encoded: those of a usual request, which asks for another user each time and is not always answered alike. */
export function attributesOf(i: number): Readonly<Record<string, string | number>> {
  return {
    "http.request.method": "GET",
    "url.path": `/users/${i}`,
    "url.scheme": "http",
    "network.protocol.version": "1.1",
    "http.response.status_code": 200 + (i & 3),
    "server.address": "127.0.0.1:8080",
    "http.route": "/users/:id",
    "user_agent.original": "wrk/4.1.0",
    "client.address": "127.0.0.1",
    "network.peer.port": 51234,
  };
}

let status = 0;

/** One of four: not all values of a real span's tags are those of the one before. */
export function nextStatus(): number {
  status = (status + 1) & 3;
  return 200 + status;
}

export const TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/** For operations that make headers, a context, ids or bytes. @throws Error where there are none */
export function proveMade(_runs: number, made: unknown): void {
  const isMade = typeof made === "object" ? Object.keys(made ?? {}).length > 0 : made !== undefined && made !== "";
  if (!isMade) throw new Error(`the last run made ${String(made)}`);
}

/** Counts what comes, and proves that it was all. */
export class Tally {
  count = 0;

  readonly prove = (runs: number): void => {
    // A batch that is not full has not been sent.
    if (this.count < runs - 2048) throw new Error(`${this.count} spans were encoded of ${runs}`);
  };
}

/** The operation `inject` by OpenTracing's API, of the context that these headers have. */
export function injectOf(tracer: Pick<Tracer, "inject" | "extract">, received: object): Operation {
  const context = tracer.extract("http_headers", received)!;
  const run = (): unknown => {
    const headers = {};
    tracer.inject(context, "http_headers", headers);
    return headers;
  };
  return { run, prove: proveMade };
}

/** The operation `extract` by OpenTracing's API. */
export function extractOf(tracer: Pick<Tracer, "extract">, received: object): Operation {
  return { run: () => tracer.extract("http_headers", received), prove: proveMade };
}

/** The operation `span` by OpenTracing's API. */
export function spanOf(tracer: Pick<Tracer, "startSpan">, tally: Tally): Operation {
  const run = (): void => {
    const span = tracer.startSpan("op").setTag("http.method", "GET");
    span.setTag("http.status_code", nextStatus()).setTag("error", false).finish();
  };
  return { run, prove: tally.prove };
}
