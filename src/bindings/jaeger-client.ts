// Binds jaeger-client 3: its callbacks become promises, its timers and socket keep no process, its own requests are not traced.

import type { Span, SpanContext, SpanOptions, Tracer } from "opentracing";
import { warn } from "../diagnostics.ts";
import { patch } from "../patch.ts";
import type { Asked, BoundTracer } from "./bound-tracer.ts";
import { logErrorTexts } from "./error-texts.ts";
import { InFlight } from "./in-flight.ts";
import { loadPackage } from "./installed-module.ts";
import { jaegerClientArguments } from "./jaeger-client-config.ts";
import { withOwnParents } from "./own-parents.ts";
import { asOwnTraffic } from "./own-traffic.ts";

type Init = (config: object, options: object) => JaegerTracer;
type Sent = (spans: number, error?: unknown) => void;

interface Sender {
  append(span: object, sent?: Sent): void;
  flush(sent?: Sent): void;
  /** The socket of the one that sends to an agent. */
  readonly _client?: { unref(): void };
}

/** The last release is from 2022, and these have not changed since 3.0: timers, and what sends. */
interface Timers {
  readonly _intervalHandle?: NodeJS.Timeout;
  readonly _initialDelayTimeoutHandle?: NodeJS.Timeout;
  readonly _refreshIntervalHandle?: NodeJS.Timeout;
}
interface Reporter extends Timers {
  readonly _reporters?: readonly Reporter[];
  readonly _sender?: Sender;
}
interface JaegerTracer extends Tracer {
  readonly _reporter?: Reporter;
  readonly _sampler?: Timers;
  readonly _debugThrottler?: Timers;
  close?(closed: () => void): void;
}

/** `tracerParameters` is jaeger-client's config, or the array `[config, options]`. */
export function jaegerClient(asked: Asked): BoundTracer {
  const { initTracer } = loadPackage<{ initTracer: Init }>("jaeger-client");
  const [config, options] = jaegerClientArguments(asked);
  const serviceName = config.serviceName ?? asked.serviceName ?? asked.defaultName;
  return bound(asOwnTraffic(initTracer, { ...config, serviceName }, options));
}

/** The same, with what the config leaves open from JAEGER_* variables. */
export function jaegerClientFromEnv(asked: Asked): BoundTracer {
  const { initTracerFromEnv } = loadPackage<{ initTracerFromEnv: Init }>("jaeger-client");
  const [given, options] = jaegerClientArguments(asked);
  const serviceName = given.serviceName ?? asked.serviceName;
  const config = serviceName === undefined ? given : { ...given, serviceName };
  try {
    // It writes in what it is given.
    return bound(asOwnTraffic(initTracerFromEnv, { ...config }, { ...options }));
  } catch (error) {
    // It wants a name, and JAEGER_SERVICE_NAME has none.
    if (!/serviceName/.test(String(error))) throw error;
    return bound(asOwnTraffic(initTracerFromEnv, { ...config, serviceName: asked.defaultName }, { ...options }));
  }
}

function bound(tracer: JaegerTracer): BoundTracer {
  const inFlight = new InFlight();
  const reporters = tracer._reporter?._reporters ?? [tracer._reporter ?? {}];
  const senders = reporters.flatMap(({ _sender }) => (_sender === undefined ? [] : [_sender]));
  for (const sender of senders) {
    follow(sender, inFlight);
    sender._client?.unref();
  }
  for (const one of [...reporters, tracer._sampler, tracer._debugThrottler]) release(one);

  const { startSpan } = tracer;
  patch(tracer, "startSpan", (name: string, options?: SpanOptions): Span => {
    const span = startSpan.call(tracer, name, withOwnParents(options, isJaegerContext));
    logErrorTexts(span);
    return span;
  });

  async function flush(timeLimit?: number): Promise<void> {
    for (const sender of senders) sender.flush();
    await inFlight.ended(timeLimit);
  }
  return {
    tracer,
    flush,
    async close() {
      if (typeof tracer.close !== "function") return; // `disable: true` makes OpenTracing's own
      inFlight.track((done) => asOwnTraffic(() => tracer.close?.(done)));
      await inFlight.ended();
    },
  };
}

/** Lets us wait for what is sent, be it by the reporter's timer, by a full buffer or by us; and counts what is lost. */
function follow(sender: Sender, inFlight: InFlight): void {
  const { append, flush } = sender;
  let flushes = 0;
  patch(sender, "append", (span, sent) => {
    const before = flushes;
    append.call(sender, span, (spans, error) => {
      // One that a flush reports is counted there.
      if (error && flushes === before) warn("report.encode_error", "jaeger-client could not take a span", error, spans);
      sent?.(spans, error);
    });
  });
  patch(sender, "flush", (sent) => {
    flushes++;
    inFlight.track((done) =>
      asOwnTraffic(() =>
        flush.call(sender, (spans, error) => {
          if (error) warn("report.send_failed", "jaeger-client could not send spans", error, spans);
          sent?.(spans, error);
          done();
        }),
      ),
    );
  });
}

/** They would keep the process for ever. */
function release(timers: Timers | undefined): void {
  timers?._intervalHandle?.unref();
  timers?._initialDelayTimeoutHandle?.unref();
  timers?._refreshIntervalHandle?.unref();
}

function isJaegerContext(context: SpanContext): boolean {
  return typeof (context as { isDebugIDContainerOnly?: unknown }).isDebugIDContainerOnly === "function";
}
