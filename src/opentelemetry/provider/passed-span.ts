// What an HTTP instrumentation gets in place of a span where requests have their spans already.

import { type Span as ApiSpan, type SpanContext as ApiSpanContext, INVALID_SPAN_CONTEXT } from "@opentelemetry/api";

/**
 * Records nothing and has nothing of its own: to make it active makes `passed` active, and it is never written to headers,
 * for the span that counts is.
 */
export class PassedSpan implements ApiSpan {
  /** The span that is active already, or the caller's; undefined for none. */
  readonly passed: ApiSpan | undefined;
  /** Whether it stands for a request that came in. */
  readonly isServers: boolean;

  constructor(passed: ApiSpan | undefined, isServers: boolean) {
    this.passed = passed;
    this.isServers = isServers;
  }

  spanContext(): ApiSpanContext {
    return this.passed?.spanContext() ?? INVALID_SPAN_CONTEXT;
  }

  isRecording(): boolean {
    return false;
  }

  setAttribute(): this {
    return this;
  }

  setAttributes(): this {
    return this;
  }

  addEvent(): this {
    return this;
  }

  addLink(): this {
    return this;
  }

  addLinks(): this {
    return this;
  }

  setStatus(): this {
    return this;
  }

  updateName(): this {
    return this;
  }

  end(): void {}

  recordException(): void {}
}
