// Sees a promise settle, and changes nothing for those who wait for it or forget to.

/** The class of what async functions answer, whatever an application has put in the place of the global one. */
const NativePromise = (async () => {})().constructor as PromiseConstructor;

/** Whether calling `then` does no more than to wait: a lazy subclass brings a `then` of its own. */
export function isPlainPromise(value: unknown): value is Promise<unknown> {
  return isPlain(value, NativePromise) || (Promise !== NativePromise && isPlain(value, Promise));
}

function isPlain(value: unknown, kind: PromiseConstructor): boolean {
  return value instanceof kind && value.then === kind.prototype.then;
}

/**
 * Answers a promise of the same class that settles in the same way, after `onValue` or `onError` was called, which must
 * not throw. An error that nobody handles is reported by Node once, as it would be otherwise.
 *
 * Not the same promise: to watch that one would make its error count as handled. What a library laid on its promise, as
 * `promisify(exec)` does with `child`, is laid on ours. Where a class makes that impossible, the same promise is answered,
 * and `onValue` is called at once.
 */
export function followPromise(
  promise: Promise<unknown>,
  onValue: () => void,
  onError: (error: unknown) => void,
): Promise<unknown> {
  let followed: Promise<unknown>;
  try {
    followed = promise.then(
      (value) => {
        onValue();
        return value;
      },
      (error) => {
        onError(error);
        throw error;
      },
    );
  } catch {
    // A subclass whose constructor takes no executor has no working `then`.
    onValue();
    return promise;
  }
  for (const name of Object.keys(promise)) {
    if (!(name in followed)) Object.defineProperty(followed, name, Object.getOwnPropertyDescriptor(promise, name)!);
  }
  return followed;
}
