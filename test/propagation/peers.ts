// Other tracers' own implementations of the header formats, behind one small interface.

import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.cwd(), "test/peers/package.json"));

/** What travels: ids in lower-case hexadecimal digits, the decision, and baggage. */
export interface Travelling {
  readonly traceId: string;
  readonly spanId: string;
  readonly sampled: boolean;
  readonly baggage: Readonly<Record<string, string>>;
}

export interface Peer {
  readonly name: string;
  write(context: Travelling): Record<string, string>;
  /** Undefined where it finds no trace. */
  read(headers: Readonly<Record<string, string>>): Travelling | undefined;
  /** What it writes for what it has read. */
  passOn(headers: Readonly<Record<string, string>>): Record<string, string>;
}

interface OTelBaggage {
  getAllEntries(): [string, { value: string }][];
}
interface OTelApi {
  readonly ROOT_CONTEXT: unknown;
  readonly defaultTextMapGetter: unknown;
  readonly defaultTextMapSetter: unknown;
  readonly trace: {
    setSpanContext(context: unknown, span: object): unknown;
    getSpanContext(context: unknown): { traceId: string; spanId: string; traceFlags: number } | undefined;
  };
  readonly propagation: {
    createBaggage(entries: Record<string, { value: string }>): unknown;
    setBaggage(context: unknown, baggage: unknown): unknown;
    getBaggage(context: unknown): OTelBaggage | undefined;
  };
}
interface OTelPropagator {
  inject(context: unknown, carrier: object, setter: unknown): void;
  extract(context: unknown, carrier: object, getter: unknown): unknown;
}
type Constructor<T> = new (...args: unknown[]) => T;

const api = require("@opentelemetry/api") as OTelApi;

/** A propagator of OpenTelemetry's. */
export function otel(module: string, name: string, ...args: unknown[]): Peer {
  const Propagator = (require(module) as Record<string, Constructor<OTelPropagator>>)[name]!;
  const propagator = new Propagator(...args);
  return {
    name: `${module} ${versionOf(module)}`,
    write({ traceId, spanId, sampled, baggage }) {
      const span = { traceId, spanId, traceFlags: sampled ? 1 : 0, isRemote: true };
      const entries = Object.entries(baggage).map(([key, value]) => [key, { value }]);
      const items = api.propagation.createBaggage(Object.fromEntries(entries) as Record<string, { value: string }>);
      const context = api.propagation.setBaggage(api.trace.setSpanContext(api.ROOT_CONTEXT, span), items);
      const carrier = {};
      propagator.inject(context, carrier, api.defaultTextMapSetter);
      return carrier;
    },
    read(headers) {
      const context = propagator.extract(api.ROOT_CONTEXT, headers, api.defaultTextMapGetter);
      const span = api.trace.getSpanContext(context);
      if (span === undefined) return undefined;
      const items = api.propagation.getBaggage(context)?.getAllEntries() ?? [];
      const baggage = Object.fromEntries(items.map(([key, { value }]) => [key, value]));
      return { traceId: span.traceId, spanId: span.spanId, sampled: (span.traceFlags & 1) === 1, baggage };
    },
    passOn(headers) {
      const carrier = {};
      const context = propagator.extract(api.ROOT_CONTEXT, headers, api.defaultTextMapGetter);
      propagator.inject(context, carrier, api.defaultTextMapSetter);
      return carrier;
    },
  };
}

/** OpenTelemetry's `baggage` header: items alone, for it needs no span. */
export function otelBaggage(): {
  write(items: Readonly<Record<string, string>>): Record<string, string>;
  read(headers: Readonly<Record<string, string>>): Record<string, string>;
} {
  const { W3CBaggagePropagator } = require("@opentelemetry/core") as Record<string, Constructor<OTelPropagator>>;
  const propagator = new W3CBaggagePropagator!();
  return {
    write(items) {
      const entries = Object.entries(items).map(([key, value]) => [key, { value }]);
      const baggage = api.propagation.createBaggage(Object.fromEntries(entries) as Record<string, { value: string }>);
      const carrier = {};
      propagator.inject(api.propagation.setBaggage(api.ROOT_CONTEXT, baggage), carrier, api.defaultTextMapSetter);
      return carrier;
    },
    read(headers) {
      const context = propagator.extract(api.ROOT_CONTEXT, headers, api.defaultTextMapGetter);
      const items = api.propagation.getBaggage(context)?.getAllEntries() ?? [];
      return Object.fromEntries(items.map(([key, { value }]) => [key, value]));
    },
  };
}

interface JaegerContext {
  readonly isValid: boolean;
  readonly traceIdStr: string;
  readonly spanIdStr: string;
  baggage: Record<string, string>;
  isSampled(): boolean;
}
interface JaegerCodec {
  inject(context: JaegerContext, carrier: object): void;
  extract(carrier: object): JaegerContext;
}

/** jaeger-client's codec for HTTP headers. */
export function jaegerClient(): Peer {
  const { default: Codec } = require("jaeger-client/dist/src/propagators/text_map_codec.js") as {
    default: Constructor<JaegerCodec>;
  };
  const { SpanContext } = require("jaeger-client") as {
    SpanContext: { withStringIds(trace: string, span: string, parent: string | null, flags: number): JaegerContext };
  };
  const codec = new Codec({ urlEncoding: true });
  return {
    name: `jaeger-client ${versionOf("jaeger-client")}`,
    write({ traceId, spanId, sampled, baggage }) {
      // It leaves leading zeros out, as it does of the ids it makes itself.
      const trimmed = (id: string): string => id.replace(/^0+/, "");
      const context = SpanContext.withStringIds(trimmed(traceId), trimmed(spanId), null, sampled ? 1 : 0);
      context.baggage = baggage;
      const carrier = {};
      codec.inject(context, carrier);
      return carrier;
    },
    read(headers) {
      const context = codec.extract(headers);
      if (!context.isValid) return undefined;
      const traceId = context.traceIdStr.padStart(32, "0");
      return { traceId, spanId: context.spanIdStr, sampled: context.isSampled(), baggage: context.baggage };
    },
    passOn(headers) {
      const carrier = {};
      codec.inject(codec.extract(headers), carrier);
      return carrier;
    },
  };
}

interface DatadogContext {
  readonly _baggageItems: Record<string, string>;
  /** null where a decision came without ids. */
  readonly _spanId: object | null;
  readonly _sampling: { readonly priority?: number };
  toTraceId(full: boolean): string;
  toSpanId(full: boolean): string;
}
interface DatadogPropagator {
  inject(context: DatadogContext, carrier: object): void;
  extract(carrier: object): DatadogContext | null;
}

/** dd-trace's propagator with one style, made without its tracer. */
export function ddTrace(style: string): Peer {
  const src = "dd-trace/packages/dd-trace/src";
  const Propagator = require(`${src}/opentracing/propagation/text_map.js`) as Constructor<DatadogPropagator>;
  const Context = require(`${src}/opentracing/span_context.js`) as Constructor<DatadogContext>;
  const id = require(`${src}/id.js`) as (digits: string, radix: number) => object;
  const propagator = new Propagator({
    tracePropagationStyle: { inject: [style], extract: [style] },
    legacyBaggageEnabled: style === "datadog",
    DD_TRACE_PROPAGATION_EXTRACT_FIRST: true,
    DD_TRACE_X_DATADOG_TAGS_MAX_LENGTH: 512,
    baggageTagKeys: [],
  });
  return {
    name: `dd-trace ${versionOf("dd-trace")}`,
    write({ traceId, spanId, sampled, baggage }) {
      const high = traceId.slice(0, 16);
      const tags = /^0+$/.test(high) ? {} : { "_dd.p.tid": high };
      const context = new Context({
        traceId: id(traceId.slice(16), 16),
        spanId: id(spanId, 16),
        sampling: { priority: sampled ? 1 : 0 },
        baggageItems: { ...baggage },
        trace: { started: [], finished: [], tags },
      });
      const carrier = {};
      propagator.inject(context, carrier);
      return carrier;
    },
    read(headers) {
      const context = propagator.extract(headers);
      if (context === null) return undefined;
      const sampled = (context._sampling.priority ?? 0) > 0;
      return {
        traceId: context.toTraceId(true),
        spanId: context._spanId === null ? "0" : context.toSpanId(true),
        sampled,
        baggage: context._baggageItems,
      };
    },
    passOn(headers) {
      const carrier = {};
      propagator.inject(propagator.extract(headers)!, carrier);
      return carrier;
    },
  };
}

function versionOf(module: string): string {
  return (require(`${module}/package.json`) as { version: string }).version;
}
