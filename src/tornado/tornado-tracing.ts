// TornadoTracing: what an application, or a class of handlers, is traced with.

import type { Span } from "opentracing";
import { type AnyFunction, called, decorator, type TraceDecorator } from "../hosts/traced-handler.ts";
import { spanOf } from "../hosts/traced-request.ts";
import { attributeTaggers } from "../http/attributes.ts";
import { Tracing } from "../tracing.ts";
import { HTTPServerRequest } from "./http-server-request.ts";
import { RequestTracing } from "./request-tracing.ts";

/** A `Tracing` that knows handlers: wherever a `Tracing` is wanted, this is one. */
export class TornadoTracing extends Tracing {
  /** The span of a request that is being served, by the handler or its `request`; undefined where it is not traced. */
  override getSpan(requestOrHandler: object): Span | undefined {
    // Untyped callers ask of what they may not have, as those of any Tracing do.
    const { request } = (requestOrHandler ?? {}) as { request?: object };
    return spanOf(requestOrHandler) ?? spanOf(request);
  }

  /**
   * Traces one method of a handler: `@tracing.trace("protocol", "method")` in front of `get` and its like, be it a standard
   * decorator or TypeScript's older kind. The arguments are properties of `request` to copy to tags, or one array of them.
   * Needs no `initTracing`, and reads no setting of the application. With both, a request still gets one span.
   *
   * The span lasts until the method has settled and the response is closed. Functions that are no method of a handler are
   * traced as `Tracing.trace` does.
   *
   * @throws TypeError where an attribute is no text, saying what to write instead
   */
  override trace(...attributes: string[] | [readonly string[]]): TraceDecorator {
    const other = super.trace(...attributes);
    const taggers = attributeTaggers(attributes.flat(), this.http.redact);
    const { http } = this;
    const requests = new RequestTracing(http);

    return decorator((fn) => {
      const otherwise = other(fn);
      return function tracedMethod(this: unknown, ...args: unknown[]): unknown {
        const request = (this as { request?: unknown } | null | undefined)?.request;
        if (!(request instanceof HTTPServerRequest)) return Reflect.apply(otherwise, this, args);
        const { traced } = request;
        if (traced !== undefined) {
          requests.tag(request, traced.span, taggers);
          return http.scope.run(http.scope.active() ?? traced.span, called, fn, this, args, nothing, (error) =>
            traced.failed(error),
          );
        }
        const begun = requests.begin(request, taggers, false);
        if (begun === undefined) return Reflect.apply(fn, this, args);
        return http.scope.run(
          begun.span,
          called,
          fn,
          this,
          args,
          () => begun.settle(),
          (error) => {
            begun.failed(error);
            begun.settle();
          },
        );
      } satisfies AnyFunction;
    });
  }
}

function nothing(): void {}
