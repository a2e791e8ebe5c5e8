// Spans for the middleware of a Koa application, where they are asked for.

import { look } from "../frameworks.ts";
import { type Next, spanMiddleware } from "../middleware-span.ts";
import { isOwn } from "../own-middleware.ts";
import { tracedOf } from "../traced-request.ts";
import type { KoaContext, KoaMiddleware } from "./koa-tracing.ts";

type Middleware = (ctx: KoaContext, next: Next) => unknown;
/** What `app.compose` answers. */
export type Composed = (ctx: KoaContext) => Promise<unknown>;

/** What is read of an application: `compose` is Koa 3's. */
interface Application {
  readonly middleware?: readonly Middleware[];
  readonly compose?: (middleware: readonly Middleware[]) => Composed;
}

/** What was composed, and of how many middlewares the application had then: one more may have come since. */
interface Rest {
  readonly length: number;
  readonly composed: Composed | undefined;
}

/** By application and by `first`, which may be in several. */
const rests = new WeakMap<object, WeakMap<Middleware, Rest>>();

/** Those that are on their way through a rest already: what is in an application twice, or in one mounted in it, goes on by `next`. */
const onTheirWay = new WeakSet<object>();

/**
 * All that comes behind `first` in the context's application, composed once more with a span for each, to be called in place of
 * `next`: Koa's own list of them is a copy that nobody can reach. Undefined where the application is not built as expected,
 * `first` not directly in it, which may be mounted there, or all that comes has spans already.
 */
export function spannedRest(ctx: KoaContext, first: KoaMiddleware): Composed | undefined {
  const app: Application | undefined = ctx.app;
  if (app === undefined || ctx.mountPath !== undefined || onTheirWay.has(ctx)) return undefined;
  const ofApp = rests.get(app) ?? new WeakMap<Middleware, Rest>();
  rests.set(app, ofApp);
  const length = app.middleware?.length ?? 0;
  let rest = ofApp.get(first);
  if (rest?.length !== length) {
    rest = { length, composed: look((seen) => restOf(seen, first), app) };
    ofApp.set(first, rest);
  }
  if (rest.composed !== undefined) onTheirWay.add(ctx);
  return rest.composed;
}

function restOf({ middleware, compose = composeAll }: Application, first: KoaMiddleware): Composed | undefined {
  if (!Array.isArray(middleware)) return undefined;
  const at = middleware.indexOf(first);
  return at < 0 ? undefined : compose(middleware.slice(at + 1).map(spanned));
}

/** As Koa 2 composes, whose applications do not say with what. */
function composeAll(middleware: readonly Middleware[]): Composed {
  return function composedRest(ctx) {
    let reached = -1;
    async function call(at: number): Promise<unknown> {
      if (at <= reached) throw new Error("next() called multiple times");
      reached = at;
      return middleware[at]?.(ctx, () => call(at + 1));
    }
    return call(0);
  };
}

function spanned(middleware: Middleware): Middleware {
  // A router decides on the route and runs its handler: that is what the request's span is about.
  if ((middleware as { router?: unknown }).router !== undefined || isOwn(middleware)) return middleware;
  return function spannedMiddleware(ctx, next) {
    const traced = tracedOf(ctx.req);
    if (traced === undefined) return middleware(ctx, next);
    return spanMiddleware(traced, "koa", middleware.name, middleware, ctx, next);
  };
}
