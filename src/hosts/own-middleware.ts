// Our own middleware among an application's, which is given no spans.

const own = new WeakSet<object>();

/** Notes that a middleware is ours, and answers it. */
export function ownMiddleware<M extends object>(middleware: M): M {
  own.add(middleware);
  return middleware;
}

/** Whether a middleware is ours. */
export function isOwn(middleware: object): boolean {
  return own.has(middleware);
}
