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

const rests = new WeakMap<Middleware, Rest>();

/**
 * All that comes behind `first` in an application, composed once more with a span for each, to be called in place of
 * `next`: Koa's own list of them is a copy that nobody can reach. Undefined where the application is not built as expected,
 * or `first` not directly in it.
 */
export function spannedRest(app: Application | undefined, first: KoaMiddleware): Composed | undefined {
  const length = app?.middleware?.length ?? 0;
  let rest = rests.get(first);
  if (rest?.length !== length) {
    rest = { length, composed: look((seen) => restOf(seen, first), app) };
    rests.set(first, rest);
  }
  return rest.composed;
}

function restOf({ middleware, compose = composeAll }: Application = {}, first: KoaMiddleware): Composed | undefined {
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
