// What the plug-in forms of the frameworks take.

import type { HttpTracing } from "../http/http-tracing.ts";

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
