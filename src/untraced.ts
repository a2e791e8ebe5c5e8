// Lets our own traffic, such as an exporter's requests, pass without being traced.

let depth = 0;

/** Calls `fn` and answers its value. Requests that `fn` starts before it returns are not traced and carry no headers. */
export function untraced<T>(fn: () => T): T {
  depth++;
  try {
    return fn();
  } finally {
    depth--;
  }
}

/** Whether the running code was called, synchronously, by `untraced`. */
export function isUntraced(): boolean {
  return depth > 0;
}
