// Makes what stands in for a function look like it.

/** `replacement`, with the name and the length of the function that it replaces. */
export function alike<F extends (...args: never[]) => unknown>(
  replacement: F,
  { name, length }: (...args: never[]) => unknown,
): F {
  Object.defineProperty(replacement, "name", { value: name });
  return Object.defineProperty(replacement, "length", { value: length });
}
