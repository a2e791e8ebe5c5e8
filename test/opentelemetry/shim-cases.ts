// What the official shim's own tests ask of it, and where we differ: each case is played on both.

import type { Span as OtelSpan, TextMapPropagator } from "@opentelemetry/api";
import {
  FORMAT_HTTP_HEADERS,
  FORMAT_TEXT_MAP,
  followsFrom,
  type Span,
  type SpanContext,
  type Tracer,
} from "opentracing";
import type { ReadableSpan } from "./sdk.js";

/** What a case is played with. */
export interface Stage {
  readonly tracer: Tracer;
  /** With other propagators than the global one: B3 for text maps, Jaeger's for headers. */
  readonly withPropagators: Tracer;
  readonly b3: TextMapPropagator;
  readonly jaeger: TextMapPropagator;
  readonly api: typeof import("@opentelemetry/api");
  /** The OpenTelemetry span, as the SDK lets it be read. */
  raw(span: Span): ReadableSpan & OtelSpan;
}

/** A case and its result, the same for the shim unless `shim` says otherwise, and why. */
export interface ShimCase {
  readonly name: string;
  play(stage: Stage): unknown;
  readonly result: unknown;
  readonly shim?: { readonly result: unknown; readonly why: string };
}

const tomorrow = Date.now() + 86_400_000;
const UNSET = 0;
const OK = 1;
const ERROR = 2;

/** The ids of a carrier's context, compared with a span's. */
function isOf(extracted: SpanContext | null, context: SpanContext): boolean {
  return extracted?.toTraceId() === context.toTraceId() && extracted.toSpanId() === context.toSpanId();
}

function roundTrip(tracer: Tracer, from: Span | SpanContext, context: SpanContext, format: string): boolean {
  const carrier = {};
  tracer.inject(from, format, carrier);
  return isOf(tracer.extract(format, carrier), context);
}

/** The status after each value of the tag, on a span each. */
function statuses({ tracer, raw }: Stage, set: (span: Span, value: unknown) => void): unknown {
  return ["", true, false, "true", "false"].map((value) => {
    const span = tracer.startSpan("my-span");
    set(span, value);
    return raw(span).status.code;
  });
}

function firstEvent({ tracer, raw }: Stage, log: (span: Span) => void): unknown {
  const span = tracer.startSpan("my-span");
  log(span);
  const { name, attributes, time } = raw(span).events[0]!;
  return { name, attributes: { ...attributes }, isTomorrow: time[0] === Math.trunc(tomorrow / 1000) };
}

const mapped = {
  fault: "meow",
  "exception.type": "boom",
  "exception.message": "oh no!",
  "exception.stacktrace": "pancakes",
};
const error = { fault: "meow", "error.kind": "boom", message: "oh no!", stack: "pancakes" };
const DROPPED = "the shim drops the other fields where error.object is a text; the specification keeps them";

export const SHIM_CASES: readonly ShimCase[] = [
  ...[FORMAT_HTTP_HEADERS, FORMAT_TEXT_MAP].flatMap((format): ShimCase[] => [
    {
      name: `injects and extracts a span, ${format}`,
      play({ tracer }) {
        const span = tracer.startSpan("my-span");
        return roundTrip(tracer, span, span.context(), format);
      },
      result: true,
    },
    {
      name: `injects and extracts a context, ${format}`,
      play({ tracer }) {
        const context = tracer.startSpan("my-span").context();
        return roundTrip(tracer, context, context, format);
      },
      result: true,
    },
    {
      name: `injects by a propagator of its own, ${format}`,
      play({ withPropagators, b3, jaeger, api }) {
        const context = withPropagators.startSpan("my-span").context();
        const carrier: Record<string, string> = {};
        withPropagators.inject(context, format, carrier);
        const propagator = format === FORMAT_TEXT_MAP ? b3 : jaeger;
        const read = api.trace.getSpanContext(propagator.extract(api.ROOT_CONTEXT, carrier, api.defaultTextMapGetter));
        return [Object.keys(carrier), read?.traceId === context.toTraceId(), read?.spanId === context.toSpanId()];
      },
      result: [[format === FORMAT_TEXT_MAP ? "b3" : "uber-trace-id"], true, true],
    },
    {
      name: `extracts by a propagator of its own, ${format}`,
      play({ withPropagators, b3, jaeger, api, raw }) {
        const span = withPropagators.startSpan("my-span");
        const carrier = {};
        const context = api.trace.setSpanContext(api.ROOT_CONTEXT, raw(span).spanContext());
        (format === FORMAT_TEXT_MAP ? b3 : jaeger).inject(context, carrier, api.defaultTextMapSetter);
        return isOf(withPropagators.extract(format, carrier), span.context());
      },
      result: true,
    },
  ]),
  {
    name: "injects and extracts baggage",
    play({ tracer }) {
      const span = tracer.startSpan("my-span");
      span.setBaggageItem("baggage1", "value1");
      span.setBaggageItem("baggage2", "value2");
      const carrier = {};
      tracer.inject(span, FORMAT_HTTP_HEADERS, carrier);
      const extracted = tracer.extract(FORMAT_HTTP_HEADERS, carrier)!;
      const child = tracer.startSpan("other-span", { childOf: extracted });
      const items = ["baggage1", "baggage2"].map((name) => child.getBaggageItem(name));
      return [isOf(extracted, span.context()), items];
    },
    result: [true, ["value1", "value2"]],
  },
  {
    name: "makes a child of a span, and of a context",
    play({ tracer, raw }) {
      const span = tracer.startSpan("my-span");
      return [span, span.context()].map((childOf) => {
        const child = tracer.startSpan("other-span", { childOf });
        return [
          raw(child).parentSpanContext?.spanId === span.context().toSpanId(),
          child.context().toTraceId() === span.context().toTraceId(),
        ];
      });
    },
    result: [
      [true, true],
      [true, true],
    ],
  },
  {
    name: "takes start time, tags and references",
    play({ tracer, raw }) {
      const context = tracer.startSpan("my-span").context();
      const tags = { key: "value", count: 1 };
      const span = tracer.startSpan("my-span", { startTime: tomorrow, tags, references: [followsFrom(context)] });
      const { links, startTime, attributes } = raw(span);
      return [links.map((link) => link.attributes), startTime[0] === Math.trunc(tomorrow / 1000), { ...attributes }];
    },
    result: [[{ "opentracing.ref_type": "follows_from" }], true, { key: "value", count: 1 }],
    shim: {
      result: [[{ "span.kind": "follows_from" }], true, { key: "value", count: 1 }],
      why: "the specification names the link's attribute opentracing.ref_type",
    },
  },
  {
    name: "sets tags",
    play({ tracer, raw }) {
      const span = tracer.startSpan("my-span");
      span.setTag("hello", "world");
      span.addTags({ hello: "stars", from: "earth" });
      return { ...raw(span).attributes };
    },
    result: { hello: "stars", from: "earth" },
  },
  {
    name: "ignores undefined tags",
    play({ tracer, raw }) {
      const span = tracer.startSpan("my-span");
      span.addTags({ hello: "stars", from: undefined });
      return { ...raw(span).attributes };
    },
    result: { hello: "stars" },
  },
  {
    name: "maps the tag error to the status",
    play: (stage) => [
      statuses(stage, (span, value) => span.setTag("error", value)),
      statuses(stage, (span, value) => span.addTags({ hello: "stars", error: value })),
    ],
    result: [
      [UNSET, ERROR, OK, ERROR, OK],
      [UNSET, ERROR, OK, ERROR, OK],
    ],
  },
  {
    name: "keeps another value of the tag error as an attribute",
    play({ tracer, raw }) {
      const span = tracer.startSpan("my-span").setTag("error", "whoopsie");
      return [raw(span).status.code, raw(span).attributes["error"]];
    },
    result: [UNSET, "whoopsie"],
  },
  {
    name: "logs an event with its payload",
    play: (stage) => firstEvent(stage, (span) => span.logEvent("some log", { user: "payload", request: 1 })),
    result: { name: "some log", attributes: { user: "payload", request: 1 }, isTomorrow: false },
  },
  {
    name: "logs an error by its text",
    play: (stage) => firstEvent(stage, (span) => span.logEvent("error", { "error.object": "boom", fault: "meow" })),
    result: { name: "exception", attributes: { "exception.message": "boom", fault: "meow" }, isTomorrow: false },
    shim: {
      result: { name: "exception", attributes: { "exception.message": "boom" }, isTomorrow: false },
      why: DROPPED,
    },
  },
  {
    name: "logs an error by its fields",
    play: (stage) => firstEvent(stage, (span) => span.logEvent("error", error)),
    result: { name: "exception", attributes: mapped, isTomorrow: false },
  },
  {
    name: "names the event after the field event",
    play: (stage) => firstEvent(stage, (span) => span.log({ event: "fun-time", user: "meow", value: 123 }, tomorrow)),
    result: { name: "fun-time", attributes: { event: "fun-time", user: "meow", value: 123 }, isTomorrow: true },
  },
  {
    name: "names the event log without that field",
    play: (stage) => firstEvent(stage, (span) => span.log({ user: "meow", value: 123 }, tomorrow)),
    result: { name: "log", attributes: { user: "meow", value: 123 }, isTomorrow: true },
  },
  {
    name: "logs event=error by its text",
    play: (stage) =>
      firstEvent(stage, (span) => span.log({ event: "error", "error.object": "boom", fault: "meow" }, tomorrow)),
    result: {
      name: "exception",
      attributes: { event: "error", "exception.message": "boom", fault: "meow" },
      isTomorrow: true,
    },
    shim: {
      result: { name: "exception", attributes: { "exception.message": "boom" }, isTomorrow: true },
      why: DROPPED,
    },
  },
  {
    name: "logs event=error by its fields",
    play: (stage) => firstEvent(stage, (span) => span.log({ event: "error", ...error }, tomorrow)),
    result: { name: "exception", attributes: { event: "error", ...mapped }, isTomorrow: true },
  },
  {
    name: "changes the name",
    play({ tracer, raw }) {
      const span = tracer.startSpan("my-span");
      return [raw(span).name, raw(span.setOperationName("your-span")).name];
    },
    result: ["my-span", "your-span"],
  },
  {
    name: "takes a finish time",
    play({ tracer, raw }) {
      const span = tracer.startSpan("my-span");
      span.finish(tomorrow);
      return raw(span).endTime[0] === Math.trunc(tomorrow / 1000);
    },
    result: true,
  },
  {
    name: "hands baggage down, not up",
    play({ tracer }) {
      const span = tracer.startSpan("my-span").setBaggageItem("key1", "value1");
      const child = tracer.startSpan("child-span1", { childOf: span });
      child.setBaggageItem("key2", "value2").setBaggageItem("key1", "value3");
      return [span, child].map((one) => ["key1", "key2"].map((name) => one.getBaggageItem(name)));
    },
    result: [
      ["value1", undefined],
      ["value3", "value2"],
    ],
  },
  // From here on: what the shim's tests do not ask, and the specification says.
  {
    name: "a context that somebody took keeps its baggage",
    play({ tracer }) {
      const span = tracer.startSpan("my-span");
      const taken = span.context();
      span.setBaggageItem("later", "1");
      return tracer.startSpan("child", { childOf: taken }).getBaggageItem("later");
    },
    result: undefined,
    shim: { result: "1", why: "the specification wants contexts that do not change (SpanContext Shim)" },
  },
  {
    name: "without a parent a span is a root, whatever is active",
    play({ tracer, raw, api }) {
      const active = api.trace.setSpan(api.ROOT_CONTEXT, raw(tracer.startSpan("active")));
      return api.context.with(active, () => raw(tracer.startSpan("my-span")).parentSpanContext === undefined);
    },
    result: true,
    shim: {
      result: false,
      why: "the specification wants explicit parents alone; implicitParent: true does as the shim",
    },
  },
  {
    name: "an error object is an exception with type, message and stack",
    play: (stage) => {
      const thrown = Object.assign(new TypeError("bad"), { stack: "at here" });
      return firstEvent(stage, (span) => span.log({ event: "error", "error.object": thrown }));
    },
    result: {
      name: "exception",
      attributes: {
        event: "error",
        "exception.type": "TypeError",
        "exception.message": "bad",
        "exception.stacktrace": "at here",
      },
      isTomorrow: false,
    },
    shim: {
      result: { name: "exception", attributes: { event: "error" }, isTomorrow: false },
      why: "the shim hands the error object on as an attribute, which the SDK drops",
    },
  },
  {
    name: "the first child-of reference is the parent",
    play({ tracer, raw }) {
      const [first, second] = [tracer.startSpan("first"), tracer.startSpan("second")];
      const child = { type: () => "child_of", referencedContext: () => second.context() };
      const span = tracer.startSpan("my-span", { references: [followsFrom(first.context()), child] as never });
      const { parentSpanContext, links } = raw(span);
      return [parentSpanContext?.spanId === second.context().toSpanId(), links.length];
    },
    result: [true, 2],
    shim: { result: [false, 2], why: "the shim takes a parent from childOf alone" },
  },
];
