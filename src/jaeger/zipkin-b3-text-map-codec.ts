// Zipkin's headers with Jaeger's baggage, as a codec: for services beside Zipkin's.

import { B3Propagator } from "../propagation/b3.ts";
import { writeHeader } from "../propagation/carrier.ts";
import { JaegerPropagator } from "../propagation/jaeger.ts";
import type { TextCarrier } from "../propagation/propagator.ts";
import { type Check, checkOptions, isBoolean, isText } from "../settings.ts";
import { hex32 } from "../trace-context.ts";
import type { Extractor, Injector } from "./codec.ts";
import { JaegerSpanContext } from "./span-context.ts";
import type { TextMapCodecOptions } from "./text-map-codec.ts";

export type ZipkinB3TextMapCodecOptions = Omit<TextMapCodecOptions, "contextKey">;

const CHECKS: Readonly<Record<keyof ZipkinB3TextMapCodecOptions, Check>> = {
  urlEncoding: isBoolean,
  baggagePrefix: isText,
  metrics: () => undefined,
};

/** Writes and reads `x-b3-*` and `uberctx-*`, and reads `b3`, `jaeger-debug-id` and `jaeger-baggage`. */
export class ZipkinB3TextMapCodec implements Injector, Extractor {
  readonly #ids = new B3Propagator("multi");
  readonly #rest: JaegerPropagator;

  /** Throws a TypeError that says what to write instead where an option is wrong. */
  constructor(options: ZipkinB3TextMapCodecOptions = {}) {
    checkOptions("new ZipkinB3TextMapCodec(options)", options, CHECKS);
    const { baggagePrefix, urlEncoding = false } = options;
    this.#rest = new JaegerPropagator({ baggagePrefix, urlEncoding });
  }

  inject(context: JaegerSpanContext, carrier: TextCarrier): void {
    this.#ids.inject(context, carrier);
    const { parentSpanId0, parentSpanId1 } = context;
    if ((parentSpanId0 | parentSpanId1) !== 0) {
      writeHeader(carrier, "x-b3-parentspanid", hex32(parentSpanId0) + hex32(parentSpanId1));
    }
    this.#rest.injectBaggage(context, carrier);
  }

  extract(carrier: TextCarrier): JaegerSpanContext {
    const context = new JaegerSpanContext();
    this.#ids.extract(carrier, context);
    this.#rest.extractBesides(carrier, context);
    return context;
  }
}
