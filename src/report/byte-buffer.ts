// A buffer that grows: where encoders write the spans of one batch.

import type { InstrumentationScope } from "./reporter.ts";

/** Bytes that a new buffer has: room for a batch of 512 spans of usual size. */
const INITIAL_SIZE = 256 * 1024;
/** Bytes beyond which a buffer does not grow. One span that needs more is refused. */
const MAX_SIZE = 8 * 1024 * 1024;

/** From here on, to the next one: spans of a scope, for formats that list them by scope. */
export interface Run {
  readonly start: number;
  readonly scope: InstrumentationScope | undefined;
}

/**
 * Reused from batch to batch. Encoders write into `bytes` at `length` and move it on, having asked `reserve` for the room.
 */
export class ByteBuffer {
  bytes: Buffer;
  /** The same memory, for what has more than one byte. */
  view: DataView;
  length = 0;
  /** Whose span came last, for `beginRun`. */
  scope: InstrumentationScope | undefined = undefined;
  /** Undefined where all spans so far are of our own scope. */
  #runs: Run[] | undefined = undefined;

  /** @param size bytes to begin with, 256 KiB by default */
  constructor(size: number = INITIAL_SIZE) {
    this.bytes = Buffer.allocUnsafeSlow(size);
    this.view = viewOf(this.bytes);
  }

  /**
   * Makes room for so many more bytes.
   * @throws RangeError where the buffer would grow beyond its limit of 8 MiB
   */
  reserve(size: number): void {
    const needed = this.length + size;
    if (needed > this.bytes.length) this.#grow(needed);
  }

  /** The same for text as UTF-8, and so many more bytes. Three a character are quicker than counting, unless the limit is near. */
  reserveText(text: string, more: number): void {
    const needed = this.length + text.length * 3 + more;
    if (needed > MAX_SIZE) this.reserve(Buffer.byteLength(text) + more);
    else if (needed > this.bytes.length) this.#grow(needed);
  }

  /** Appends text as UTF-8; lone surrogates become U+FFFD. */
  text(text: string): void {
    this.reserveText(text, 0);
    this.length += this.bytes.write(text, this.length);
  }

  /** Appends bytes. */
  append(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** A copy of what was written from there on. */
  copyFrom(start: number): Uint8Array {
    return Uint8Array.prototype.slice.call(this.bytes, start, this.length); // Buffer's own `slice` copies nothing
  }

  /** The spans that come next are of this scope. */
  beginRun(scope: InstrumentationScope | undefined): void {
    this.scope = scope;
    this.#runs ??= [{ start: 0, scope: undefined }];
    this.#runs.push({ start: this.length, scope });
  }

  /** Where the last run begins. */
  get runStart(): number {
    return this.#runs?.at(-1)?.start ?? 0;
  }

  /** What has been begun, in order; empty runs among them. Undefined where all is one run of our own scope. */
  takeRuns(): readonly Run[] | undefined {
    const runs = this.#runs;
    this.#runs = undefined;
    this.scope = undefined;
    return runs;
  }

  /** Whether it has grown beyond what a usual batch needs, so that keeping it would waste memory. */
  get isOversized(): boolean {
    return this.bytes.length > 4 * INITIAL_SIZE;
  }

  #grow(needed: number): void {
    if (needed > MAX_SIZE) throw new RangeError("the span is larger than the 8 MiB that a batch can hold");
    const larger = Buffer.allocUnsafeSlow(Math.min(MAX_SIZE, Math.max(needed, this.bytes.length * 2)));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
    this.view = viewOf(larger);
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Buffer): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
