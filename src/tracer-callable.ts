// Makes a tracer from `tracerCallable` and `tracerParameters`: the back end chosen by a line of configuration.

import type { Tracer } from "opentracing";
import { bindingNamed } from "./bindings/bindings.ts";
import { noteBound } from "./bindings/bound-tracer.ts";
import { loadModule } from "./bindings/installed-module.ts";
import { positional } from "./bindings/tracer-parameters.ts";
import type { Environment } from "./environment.ts";
import { defaultServiceName } from "./report/resource.ts";
import { isTracer, show } from "./settings.ts";

/**
 * A function (or class) that makes a tracer, the name of a tracer that is bound (`"jaeger-client:initTracer"`, `"dd-trace"`:
 * see `bindings/bindings.ts`), or the text `"module:export"` that names a function: `"./tracer.js:make"`. Without `:export` the
 * module's default export is meant.
 */
// biome-ignore lint/suspicious/noExplicitAny: any parameters, as the tracer's own package wants them
export type TracerCallable = string | ((...parameters: any[]) => Tracer) | (new (...parameters: any[]) => Tracer);

/**
 * Calls it, once, with `parameters`: an array's items as positional arguments, an object as the only argument. Modules are
 * looked up as from a file in the working directory, then as from the main file. What else there is to know of a bound tracer, `boundTo` tells.
 *
 * @param serviceName the setting, for bound tracers whose parameters do not name the service
 * @param environment whose name comes after that
 * @throws Error that names the module or export that is missing, or says what came in place of a tracer
 */
export function makeTracer(
  callable: TracerCallable,
  parameters: object | readonly unknown[] | undefined,
  serviceName?: string,
  environment: Pick<Environment, "serviceName"> = { serviceName: undefined },
): Tracer {
  const binding = typeof callable === "string" ? bindingNamed(callable) : undefined;
  if (binding !== undefined)
    return noteBound(
      binding({ parameters, serviceName, defaultName: environment.serviceName ?? defaultServiceName() }),
    );
  const make = typeof callable === "string" ? loadExport(callable) : callable;
  const list = positional(parameters);
  const isClass = typeof make.prototype?.startSpan === "function";
  const tracer: unknown = isClass ? Reflect.construct(make, list) : Reflect.apply(make, undefined, list);
  const expected = isTracer(tracer);
  if (expected !== undefined) {
    const name = typeof callable === "string" ? JSON.stringify(callable) : callable.name || "the function";
    throw new TypeError(`tracerCallable: ${name} must answer ${expected}, not ${show(tracer)}`);
  }
  return tracer as Tracer;
}

type Callable = ((...parameters: unknown[]) => unknown) & { prototype?: { startSpan?: unknown } };

function loadExport(text: string): Callable {
  // The last colon, for the module may be a file URL or a path with a drive letter.
  const colon = text.lastIndexOf(":");
  const isNamed = colon > 1 && !/[/\\]/.test(text.slice(colon + 1));
  const moduleName = isNamed ? text.slice(0, colon) : text;
  const exportName = isNamed ? text.slice(colon + 1) : "default";

  const loaded = loadModule(moduleName);
  const value = loaded[exportName] ?? (exportName === "default" ? loaded : undefined);
  if (typeof value === "function") return value as Callable;
  const exported = Object.keys(loaded).join(", ") || "nothing";
  throw new TypeError(
    value === undefined
      ? `tracerCallable: the module "${moduleName}" has no export "${exportName}"; it exports ${exported}`
      : `tracerCallable: the export "${exportName}" of "${moduleName}" must be a function or class, not ${show(value)}`,
  );
}
