// What the plug-in forms of the frameworks take.

import { type HttpTracing, isOfTracing } from "../http/http-tracing.ts";
import { type Check, checkOptions, isBoolean } from "../settings.ts";

/** The options of every framework's plug-in. */
export interface PluginOptions {
  /**
   * A Tracing object, for an application that is traced alone. Without it, the plug-in adds to the spans that `initTracing` or
   * `traceServer` made, and starts none.
   */
  readonly tracing?: { readonly http: HttpTracing } | undefined;
  /** Spans for middleware and hooks too. By default as the tracing says, which by default says no. */
  readonly traceMiddleware?: boolean | undefined;
}

const isTracing: Check = (value) => (isOfTracing(value) ? undefined : "a Tracing object: new Tracing(tracer)");

const CHECKS = { tracing: isTracing, traceMiddleware: isBoolean };

/** Throws a TypeError that says what to write, in the name of the function `of`, where options are not as they should be. */
export function checkPluginOptions(of: string, options: PluginOptions | undefined): void {
  checkOptions(of, options, CHECKS);
}
