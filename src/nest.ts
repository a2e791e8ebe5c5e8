// The entry `node-opentracing/nest`: NestJS.

import { nestTracing } from "./hosts/nest/tracing-module.ts";
import { currentTracing } from "./init-tracing.ts";
import { type MethodTracer, methodTracer } from "./traced-method.ts";

export { type TracingDynamicModule, TracingModule } from "./hosts/nest/tracing-module.ts";
export type { PluginOptions } from "./hosts/plugin-options.ts";
export type { MethodTracer } from "./traced-method.ts";

/**
 * A span for each call of a method of a controller or provider, or of every method of a class: a child of the active span, until
 * the method has returned, its promise has settled, or the Observable that it answered has ended for the first who subscribed.
 * Errors are recorded and thrown on. Where no span is active, it begins a trace.
 *
 *     @Get(":id") @Trace() find(@Param("id") id: string) { … }      // "OrdersController.find"
 *     @Trace("price order", "id", "customer.country") price(order: Order) { … }
 *
 * It may stand above or below NestJS's decorators, and works in both dialects of them. Nothing needs to be set up when it is
 * evaluated: the child goes to the tracer of the active span. Where none is active, it is that of the application started last of
 * those whose `TracingModule` was given a tracing, else `initTracing`'s, else OpenTracing's global tracer.
 *
 * @param name by default `ClassName.method`, the class being that of the object it is called on
 * @param attributes properties of the first argument to copy to tags of the same name
 * @throws TypeError where one is no text, saying what to write instead
 */
export function Trace(name?: string, ...attributes: string[]): MethodTracer {
  return methodTracer(tracingInForce, name, attributes);
}

function tracingInForce(): ReturnType<typeof currentTracing>["http"] {
  return nestTracing(currentTracing().http);
}
