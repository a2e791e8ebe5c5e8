// OpenTelemetry's SDK, release 2 or 3, set up as an application does it: one a process, for what it sets is global.

import nodeModule, { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type {
  Attributes,
  Context,
  ContextManager,
  Link,
  SpanContext,
  SpanKind,
  SpanStatus,
  TextMapPropagator,
  TracerProvider,
} from "@opentelemetry/api";

/** What the SDKs tell of a finished span. */
export interface ReadableSpan {
  readonly name: string;
  readonly kind: SpanKind;
  readonly startTime: readonly [number, number];
  readonly endTime: readonly [number, number];
  readonly attributes: Attributes;
  readonly links: readonly Link[];
  readonly events: readonly {
    readonly name: string;
    readonly attributes?: Attributes;
    readonly time: [number, number];
  }[];
  readonly status: SpanStatus;
  readonly parentSpanContext?: SpanContext;
  readonly instrumentationScope: { readonly name: string; readonly version?: string };
  spanContext(): SpanContext;
}

export interface SpanProcessor {
  onStart(span: unknown, context: Context): void;
  onEnd(span: ReadableSpan): void;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

export interface Instrumentation {
  enable(): void;
  disable(): void;
}

export interface Sdk {
  readonly major: 2 | 3;
  readonly api: typeof import("@opentelemetry/api");
  readonly ours: typeof import("node-opentracing/opentelemetry");
  /** Loads a package of the SDK's folder. */
  readonly require: NodeJS.Require;
  /** A provider that hands every finished span to `ended`. */
  provider(ended: (span: ReadableSpan) => void, sampler?: object): Provider;
  /** A sampler that drops every trace. */
  readonly never: object;
  /** One that sends to an OTLP endpoint by the SDK's own exporter. */
  exporting(url: string): Provider;
}

export type Provider = TracerProvider & { forceFlush(): Promise<void>; shutdown(): Promise<void> };

/** Node 22.15 and newer have it. */
const { registerHooks } = nodeModule as unknown as {
  registerHooks?: (hooks: { resolve: (specifier: string, context: object, next: Next) => unknown }) => void;
};
type Next = (specifier: string, context: object) => unknown;

/** Why SDK 3 cannot be tested here; undefined where it can. */
export const NO_SDK_3: string | undefined =
  registerHooks === undefined ? "SDK 3 and API 1.10 need Node 22.15" : undefined;

/**
 * Loads an SDK and makes its context manager and propagators the global ones, W3C trace context and baggage. What is
 * imported later gets its `@opentelemetry/api`, our own build included.
 */
export async function loadSdk(major: 2 | 3): Promise<Sdk> {
  const file = join(process.cwd(), "test", `opentelemetry-sdk${major}`, "index.js");
  const require = createRequire(file);
  // As in an application, where there is one @opentelemetry/api for all.
  registerHooks?.({
    resolve: (specifier, context, next) =>
      next(
        specifier,
        specifier === "@opentelemetry/api" ? { ...context, parentURL: pathToFileURL(file).href } : context,
      ),
  });
  const api: typeof import("@opentelemetry/api") = require("@opentelemetry/api");
  const core = require("@opentelemetry/core");
  const { AsyncLocalStorageContextManager } = require("@opentelemetry/context-async-hooks");
  const trace = major === 2 ? require("@opentelemetry/sdk-trace-base") : require("@opentelemetry/sdk-trace");
  const { OTLPTraceExporter } = require("@opentelemetry/exporter-trace-otlp-proto");

  const manager: ContextManager = new AsyncLocalStorageContextManager();
  api.context.setGlobalContextManager(manager.enable());
  const propagators: TextMapPropagator[] = [new core.W3CTraceContextPropagator(), new core.W3CBaggagePropagator()];
  api.propagation.setGlobalPropagator(new core.CompositePropagator({ propagators }));

  const Class: new (options: object) => Provider = major === 2 ? trace.BasicTracerProvider : trace.TracerProvider;
  const make = (processor: SpanProcessor, sampler?: object): Provider =>
    new Class({ spanProcessors: [processor], ...(sampler && { sampler }) });
  return {
    major,
    api,
    ours: await import("node-opentracing/opentelemetry"),
    require,
    provider(ended, sampler) {
      const nothing = async (): Promise<void> => {};
      return make({ onStart() {}, onEnd: ended, forceFlush: nothing, shutdown: nothing }, sampler);
    },
    never: new trace.ParentBasedSampler({ root: new trace.AlwaysOffSampler() }),
    exporting(url) {
      const exporter = new OTLPTraceExporter({ url });
      const processor = new trace.BatchSpanProcessor(major === 2 ? exporter : { exporter });
      return make(processor);
    },
  };
}
