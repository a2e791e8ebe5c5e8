// The identity of one span, as OpenTracing shows it to users.

import { SpanContext as OpenTracingSpanContext } from "opentracing";
import { type Baggage, hasIds, SAMPLED, spanIdHex, type TraceContext, traceIdHex } from "../trace-context.ts";

/** Ids, sampling decision, trace state and baggage of a span. Light: it may outlive its span at no cost. */
export class SpanContext extends OpenTracingSpanContext implements TraceContext {
  traceId0 = 0;
  traceId1 = 0;
  traceId2 = 0;
  traceId3 = 0;
  spanId0 = 0;
  spanId1 = 0;
  traceFlags = 0;
  traceState = "";
  baggage: Baggage | undefined = undefined;
  debugId: string | undefined = undefined;
  /** Whether it came in over a carrier, from another process. */
  isRemote = false;

  /** The 128-bit trace id as 32 hexadecimal digits, or "" in a context that carries baggage alone. */
  override toTraceId(): string {
    return hasIds(this) ? traceIdHex(this) : "";
  }

  /** The 64-bit span id as 16 hexadecimal digits, or "" in a context that carries baggage alone. */
  override toSpanId(): string {
    return hasIds(this) ? spanIdHex(this) : "";
  }

  /** One of the same kind with the same content. */
  copy(): this {
    return Object.assign(new (this.constructor as new () => this)(), this);
  }

  /** Whether the trace is recorded. */
  isSampled(): boolean {
    return (this.traceFlags & SAMPLED) !== 0;
  }
}
