// Waits for what a foreign process does in its own time.

/** Milliseconds between two looks, and for all of them. */
const INTERVAL = 50;
const LIMIT = 30_000;

/** Looks until `look` answers anything but undefined, half a minute at most. Rejects with what was waited for. */
export async function eventually<T>(what: string, look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + LIMIT;
  for (;;) {
    const seen = await look();
    if (seen !== undefined) return seen;
    if (performance.now() > deadline) throw new Error(`waited ${LIMIT} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, INTERVAL));
  }
}
