// Spans for the hooks of Fastify, with `traceMiddleware`.

import type { Span } from "opentracing";
import { isPlainPromise } from "../../follow-promise.ts";
import { isThenable } from "../../guard.ts";
import type { HttpTracing } from "../../http/http-tracing.ts";
import { patch } from "../../patch.ts";
import { failChild, finishChild, startChild } from "../child-span.ts";
import { type TracedRequest, tracedOf } from "../traced-request.ts";
import type { Done, FastifyInstance, FastifyReply, FastifyRequest } from "./instance.ts";

type Hook = (this: unknown, ...args: unknown[]) => unknown;

/** The hooks of a request that may change its course, and how many arguments come before `done`. */
const ARGUMENTS: Readonly<Record<string, number>> = {
  onRequest: 2,
  preParsing: 3,
  preValidation: 2,
  preHandler: 2,
  preSerialization: 3,
  onSend: 3,
};

const own = new WeakSet<object>();

/** A hook of ours, that gets no span. */
export function ownHook<F extends (...args: never[]) => unknown>(hook: F): F {
  own.add(hook);
  return hook;
}

/** What an instance's hooks go by. Encapsulated instances inherit it, or have their own. */
interface Spans {
  /** Undefined: as the tracing of each request says. */
  readonly isOn: boolean | undefined;
}

const SPANS: unique symbol = Symbol("node-opentracing.spans");
type Spanned = { [SPANS]?: Spans };

/**
 * Gives the hooks that are added to an instance from now on a span each time they run: those of `addHook`, and those in the options
 * of a route. Once: called again, it only decides anew whether.
 */
export function spanHooks(instance: FastifyInstance, isOn: boolean | undefined): void {
  const isPatched = (instance as Spanned)[SPANS] !== undefined;
  if (!isPatched && isOn === false) return;
  Object.defineProperty(instance, SPANS, { value: { isOn }, configurable: true });
  if (isPatched) return;
  const { addHook } = instance;
  addHook.call(instance, "onRoute", function onRoute(this: Spanned, options: Record<string, unknown>): void {
    for (const name in ARGUMENTS) {
      const hooks = options[name];
      if (Array.isArray(hooks)) options[name] = hooks.map((hook) => inSpan(name, hook, this[SPANS]!));
      else if (hooks !== undefined) options[name] = inSpan(name, hooks, this[SPANS]!);
    }
  });
  patch(instance, "addHook", function tracedAddHook(this: FastifyInstance, name, hook) {
    return addHook.call(this, name, inSpan(name, hook, (this as Spanned)[SPANS]!));
  });
}

function inSpan(type: string, hook: unknown, spans: Spans): unknown {
  const doneAt = ARGUMENTS[type];
  if (doneAt === undefined || typeof hook !== "function" || own.has(hook)) return hook;
  // Fastify refuses async functions that take `done` too, and has to see them for that.
  if (hook.constructor.name === "AsyncFunction" && hook.length > doneAt) return hook;
  const name = hook.name || type;

  return function tracedHook(this: unknown, ...args: unknown[]): unknown {
    const [request, reply] = args as [FastifyRequest, FastifyReply];
    const traced = tracedOf(request.raw);
    const isOn = traced !== undefined && (spans.isOn ?? traced.tracing.traceMiddleware);
    const span = isOn ? startChild(traced, "fastify", name, type) : undefined;
    if (span === undefined) return Reflect.apply(hook as Hook, this, args);
    const call = new HookCall(traced!, span, args[doneAt] as Done);
    args[doneAt] = call.done;
    return call.run(hook as Hook, this, args, reply);
  };
}

/** One run of a hook, until it says that it is done: by `done`, its promise, or the reply that it sent instead. */
class HookCall {
  readonly #traced: TracedRequest;
  readonly #span: Span;
  readonly #done: (...args: unknown[]) => void;
  /** What was active around the hook, and is behind it. */
  readonly #around: Span | undefined;
  #isOpen = true;

  constructor(traced: TracedRequest, span: Span, done: (...args: never[]) => void) {
    this.#traced = traced;
    this.#span = span;
    this.#done = done as (...args: unknown[]) => void;
    this.#around = this.#tracing.scope.active();
  }

  get #tracing(): HttpTracing {
    return this.#traced.tracing;
  }

  run(hook: Hook, self: unknown, args: unknown[], reply: FastifyReply): unknown {
    let result: unknown;
    try {
      result = this.#tracing.scope.run(this.#span, Reflect.apply<unknown, unknown[], unknown>, hook, self, args);
    } catch (error) {
      this.#failed(error);
      throw error;
    }
    if (isPlainPromise(result)) result.then(this.#finish, this.#failed);
    // Any other thenable is for Fastify alone to ask: see `watched` in instance.ts.
    else if (isThenable(result) || reply.sent) this.#finish();
    else if (this.#isOpen) this.#traced.whenOver(reply.raw, this.#finish);
    return result;
  }

  /** The hook's `done`. A span that the hook itself has made active stays so. */
  readonly done = (...args: unknown[]): void => {
    if (args[0]) this.#failed(args[0]);
    else this.#finish();
    if (this.#tracing.scope.active() !== this.#span) this.#done(...args);
    else this.#tracing.scope.run(this.#around, this.#done, ...args);
  };

  readonly #failed = (error: unknown): void => {
    if (this.#isOpen) failChild(this.#span, error, this.#tracing);
    this.#finish();
  };

  readonly #finish = (): void => {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    finishChild(this.#span);
  };
}
