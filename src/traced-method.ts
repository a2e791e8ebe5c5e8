// @Trace(): a span for each call of a method, by whichever tracing is in force when it is called.

import type { Span } from "opentracing";
import { tracerOf } from "./bindings/bound-tracer.ts";
import { copyMetadata } from "./copy-metadata.ts";
import { warn } from "./diagnostics.ts";
import { type AttributeTagger, attributeTaggers } from "./http/attributes.ts";
import type { HttpTracing } from "./http/http-tracing.ts";
import { redactedError } from "./http/redacted-error.ts";
import { followObservable, isPlainObservable } from "./scope/follow-observable.ts";
import { startActiveSpan } from "./scope/start-active-span.ts";
import { isText, show } from "./settings.ts";

// biome-ignore lint/suspicious/noExplicitAny: any function can be a method, and keeps its own type
type AnyFunction = (...args: any[]) => any;
// biome-ignore lint/suspicious/noExplicitAny: any class, whatever its constructor takes
type AnyClass = abstract new (...args: any[]) => unknown;

/** What `@Trace()` answers: a decorator of methods and classes in both dialects. */
export interface MethodTracer {
  /** Decorates a method (TypeScript's `experimentalDecorators`). */
  <F extends AnyFunction>(target: object, name: string | symbol, descriptor: TypedPropertyDescriptor<F>): void;
  /** Decorates a method (the standard decorators). */
  <This, F extends AnyFunction>(method: F, context: ClassMethodDecoratorContext<This, F>): F;
  /** Decorates a class: all methods that it declares itself (both dialects). */
  <C extends AnyClass>(target: C, context?: ClassDecoratorContext<C>): void;
}

/** Answers the tracing in force for the running call. Asked at each call. */
export type TracingInForce = () => HttpTracing;

/**
 * Makes the decorator. `name` is the span's, or for a class what stands before the dot; by default the class of the
 * object that the method is called on. `names` are properties of the first argument to copy to tags.
 *
 * @throws TypeError where one is no text, saying what to write instead
 */
export function methodTracer(
  tracingInForce: TracingInForce,
  name: string | undefined,
  names: readonly string[],
): MethodTracer {
  for (const one of name === undefined ? names : [name, ...names]) {
    if (isText(one) === undefined) continue;
    throw new TypeError(
      `@Trace(name?, ...attributes) takes texts, not ${show(one)}; write @Trace(), @Trace("find order"), ` +
        'or @Trace(undefined, "id") for properties of the first argument',
    );
  }
  const attributes = new Attributes(names);

  function decorate(target: unknown, context?: unknown, descriptor?: { value?: unknown }): unknown {
    if (typeof descriptor?.value === "function") {
      const key = context as string | symbol;
      descriptor.value = traced({ tracingInForce, name, key, attributes }, descriptor.value as AnyFunction);
      return undefined;
    }
    const { kind, name: key } = (typeof context === "object" ? context : {}) as Partial<DecoratorContext>;
    if (kind === "method") return traced({ tracingInForce, name, key: key!, attributes }, target as AnyFunction);
    if (isClass(target) && (context === undefined || kind === "class")) {
      traceMethods(target, (key, method) => {
        const own = name === undefined ? undefined : `${name}.${String(key)}`;
        return traced({ tracingInForce, name: own, key, attributes }, method);
      });
      return undefined;
    }
    throw new TypeError(
      `@Trace() decorates methods and classes, not ${kind === undefined ? show(target) : `a ${kind}`}; ` +
        "around other code write tracing.startActiveSpan(name, fn)",
    );
  }
  return decorate as MethodTracer;
}

/** One decoration of one method. */
interface Decoration {
  readonly tracingInForce: TracingInForce;
  readonly name: string | undefined;
  readonly key: string | symbol;
  readonly attributes: Attributes;
}

/** Those that are traced already: a decorated class leaves its decorated methods as they are. */
const tracedMethods = new WeakSet<AnyFunction>();

/** The method, traced; with its name, length and metadata, which frameworks read. */
function traced(decoration: Decoration, method: AnyFunction): AnyFunction {
  function tracedMethod(this: unknown, ...args: unknown[]): unknown {
    return call(decoration, method, this, args);
  }
  copyMetadata(method, tracedMethod);
  tracedMethods.add(tracedMethod);
  return tracedMethod;
}

function traceMethods(target: AnyClass, trace: (key: string | symbol, method: AnyFunction) => AnyFunction): void {
  for (const key of Reflect.ownKeys(target.prototype)) {
    const descriptor = Object.getOwnPropertyDescriptor(target.prototype, key)!;
    const method: unknown = descriptor.value;
    if (key === "constructor" || typeof method !== "function" || tracedMethods.has(method as AnyFunction)) continue;
    Object.defineProperty(target.prototype, key, { ...descriptor, value: trace(key, method as AnyFunction) });
  }
}

function call(decoration: Decoration, method: AnyFunction, self: unknown, args: unknown[]): unknown {
  const tracing = decoration.tracingInForce();
  const { scope } = tracing;
  const name = decoration.name ?? nameOf(self, decoration.key);
  let observable: unknown;
  const result = startActiveSpan(
    tracerOf(scope.active()) ?? tracing.tracer,
    scope,
    name,
    {},
    (span) => {
      decoration.attributes.tag(span, args[0], tracing.redact);
      const answer: unknown = Reflect.apply(method, self, args);
      if (!isPlainObservable(answer)) return answer;
      const ended = new Promise<void>((resolve, reject) => {
        observable = followObservable(answer, span, scope, resolve, reject);
      });
      return ended;
    },
    (error) => redactedError(error, tracing.redact),
  );
  if (observable === undefined) return result;
  // For the span alone: the error goes to whoever subscribed.
  (result as Promise<void>).catch(() => {});
  return observable;
}

function nameOf(self: unknown, key: string | symbol): string {
  const method = typeof key === "symbol" ? (key.description ?? "anonymous") : key;
  try {
    const { name } = typeof self === "function" ? self : (self as object).constructor;
    return typeof name === "string" && name !== "" ? `${name}.${method}` : method;
  } catch {
    return method; // called on nothing, or on a proxy that does not like to be looked at
  }
}

function isClass(value: unknown): value is AnyClass {
  return typeof value === "function" && typeof value.prototype === "object";
}

/** The taggers of one decoration: compiled for the tracing that was in force last. */
class Attributes {
  readonly #names: readonly string[];
  #redact: ((text: string) => string) | undefined;
  #taggers: readonly AttributeTagger[] = [];

  constructor(names: readonly string[]) {
    this.#names = names;
  }

  tag(span: Span, argument: unknown, redact: (text: string) => string): void {
    if (this.#names.length === 0) return;
    if (this.#redact !== redact) {
      this.#taggers = attributeTaggers(this.#names, redact);
      this.#redact = redact;
    }
    for (const tagger of this.#taggers) {
      try {
        tagger(span, argument);
      } catch (error) {
        warn("callback.error", "an attribute of @Trace could not be read; the method is traced without it", error);
      }
    }
  }
}
