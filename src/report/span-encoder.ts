// What an encoder is: finished spans to the body of a request.

import type { ByteBuffer, Run } from "./byte-buffer.ts";
import type { FinishedSpan } from "./reporter.ts";

export interface SpanEncoder {
  /** The body's media type. */
  readonly contentType: string;
  /** Appends one span. Where it throws, the caller takes back what was appended. */
  encode(span: FinishedSpan, to: ByteBuffer): void;
  /**
   * The parts of a body around the spans of a batch. `spans` itself is one of the parts, or several, not copied.
   *
   * @param runs what the buffer's `takeRuns` answered
   */
  body(spans: Uint8Array, runs?: readonly Run[]): Uint8Array[];
}
