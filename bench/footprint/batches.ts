// What the measurement of flushes and the proof of its spans agree on.

/** Spans of a batch. */
export const BATCH = 512;
/** Batches before the first that counts: they make connections, and their code is not compiled. */
export const UNCOUNTED = 20;
