// Jaeger's own headers as a codec.

import { JaegerPropagator } from "../propagation/jaeger.ts";
import type { TextCarrier } from "../propagation/propagator.ts";
import { type Check, checkOptions, isBoolean, isText } from "../settings.ts";
import type { Extractor, Injector } from "./codec.ts";
import { JaegerSpanContext } from "./span-context.ts";

export interface TextMapCodecOptions {
  /** Whether values are percent-encoded where they are written and decoded where they are read, as HTTP needs it: false by default. */
  readonly urlEncoding?: boolean | undefined;
  /** `uber-trace-id` by default. */
  readonly contextKey?: string | undefined;
  /** `uberctx-` by default. */
  readonly baggagePrefix?: string | undefined;
  /** Not used: see the counters of `diagnostics()`. */
  readonly metrics?: unknown;
}

const CHECKS: Readonly<Record<keyof TextMapCodecOptions, Check>> = {
  urlEncoding: isBoolean,
  contextKey: isText,
  baggagePrefix: isText,
  metrics: () => undefined,
};

/** Writes and reads `uber-trace-id` and `uberctx-*`, and reads `jaeger-debug-id` and `jaeger-baggage`. */
export class TextMapCodec implements Injector, Extractor {
  readonly #propagator: JaegerPropagator;

  /** Throws a TypeError that says what to write instead where an option is wrong. */
  constructor(options: TextMapCodecOptions = {}) {
    checkOptions("new TextMapCodec(options)", options, CHECKS);
    const { contextKey, baggagePrefix, urlEncoding = false } = options;
    this.#propagator = new JaegerPropagator({ contextKey, baggagePrefix, urlEncoding });
  }

  inject(context: JaegerSpanContext, carrier: TextCarrier): void {
    this.#propagator.inject(context, carrier);
  }

  extract(carrier: TextCarrier): JaegerSpanContext {
    const context = new JaegerSpanContext();
    this.#propagator.extract(carrier, context);
    return context;
  }
}
