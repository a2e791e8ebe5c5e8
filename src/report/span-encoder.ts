// What an encoder is: finished spans to the body of a request.

import type { ByteBuffer } from "./byte-buffer.ts";
import type { FinishedSpan } from "./reporter.ts";

export interface SpanEncoder {
  /** The body's media type. */
  readonly contentType: string;
  /** Appends one span. Where it throws, the caller takes back what was appended. */
  encode(span: FinishedSpan, to: ByteBuffer): void;
  /** The parts of a body around the spans of a batch. `spans` itself is one of the parts, not copied. */
  body(spans: Uint8Array): Uint8Array[];
}
