// The entry `node-opentracing/nest`: tracing for NestJS.

import { currentTracing } from "./init-tracing.ts";
import { type MethodTracer, methodTracer } from "./traced-method.ts";

export function Trace(name?: string, ...attributes: string[]): MethodTracer {
  return methodTracer(() => currentTracing().http, name, attributes);
}
