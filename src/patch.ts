// Replaces a method of an object and can take that back. The only place where anything is patched.

/** Takes a patch, a subscription or a registration back. A second call does nothing. */
export type Undo = () => void;

/**
 * Puts `replacement` in place of `target[name]`. Undoing restores what was there; if somebody has patched over us since,
 * their patch stays, so a replacement must itself turn into a plain call of the original when told to stop.
 */
export function patch<T extends object, K extends keyof T>(target: T, name: K, replacement: T[K]): Undo {
  const before = Object.getOwnPropertyDescriptor(target, name);
  Object.defineProperty(target, name, {
    value: replacement,
    configurable: true,
    enumerable: before?.enumerable ?? false,
    writable: true,
  });
  return function undo() {
    if (Object.getOwnPropertyDescriptor(target, name)?.value !== replacement) return;
    if (before === undefined) delete target[name];
    else Object.defineProperty(target, name, before);
  };
}

/**
 * What is to be called in place of a replacement that is about to be put there. Undefined for what one object has of its class: that is asked for at each
 * call, for others may patch it later.
 */
export function ownOf<T extends object, K extends keyof T>(target: T, name: K, isClass: boolean): T[K] | undefined {
  return isClass || Object.hasOwn(target, name) ? target[name] : undefined;
}

/** One undo for many, run in reverse order. */
export function undoAll(undos: readonly Undo[]): Undo {
  return function undo() {
    for (const one of undos.toReversed()) one();
  };
}
