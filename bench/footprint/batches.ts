// What the measurement of flushes and the proof of its spans agree on.

/** Spans of a batch. */
export const BATCH = 512;
/** Batches before the first that counts: they make connections, and their code is not compiled. */
export const UNCOUNTED = 20;

/** Milliseconds that batches kept the event loop. */
export interface Flushes {
  readonly counted: number[];
  /** Of batches that were sent again, for the host took the processors. */
  readonly disturbed: number[];
}
