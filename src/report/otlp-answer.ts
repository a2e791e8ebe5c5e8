// What an OTLP back end says about the spans it took: ExportTraceServiceResponse, in protobuf or JSON.

import type { Answer } from "./http-answer.ts";

/** Spans that were refused although the request was accepted, and why. */
export interface PartialSuccess {
  readonly rejectedSpans: number;
  readonly errorMessage: string;
}

const ALL_TAKEN: PartialSuccess = { rejectedSpans: 0, errorMessage: "" };

/**
 * Reads the answer to an accepted request, in the format that its Content-Type names. An empty body means that all was
 * taken. Never throws.
 * @returns undefined for what is no such answer
 */
export function partialSuccess({ body, contentType }: Answer): PartialSuccess | undefined {
  if (body === undefined) return undefined;
  if (body.length === 0) return ALL_TAKEN;
  try {
    if (contentType === "application/json") return fromJson(body);
    return contentType === "application/x-protobuf" ? fromProtobuf(body) : undefined;
  } catch {
    return undefined;
  }
}

function fromJson(body: Buffer): PartialSuccess | undefined {
  const answer: unknown = JSON.parse(body.toString());
  if (typeof answer !== "object" || answer === null) return undefined;
  const { rejectedSpans, errorMessage } = Object(Object(answer).partialSuccess) as Record<string, unknown>;
  const rejected = Number(rejectedSpans ?? 0);
  if (!Number.isInteger(rejected) || rejected < 0) return undefined;
  return { rejectedSpans: rejected, errorMessage: typeof errorMessage === "string" ? errorMessage : "" };
}

/** ExportTraceServiceResponse: partial_success 1. ExportTracePartialSuccess: rejected_spans 1, error_message 2. */
function fromProtobuf(body: Buffer): PartialSuccess {
  let result = ALL_TAKEN;
  eachField(body, (field, message) => {
    if (field !== 1 || typeof message === "number") return;
    eachField(message, (inner, value) => {
      if (inner === 1 && typeof value === "number") result = { ...result, rejectedSpans: value };
      if (inner === 2 && typeof value !== "number") result = { ...result, errorMessage: value.toString() };
    });
  });
  return result;
}

/** Shows each field of a message. Throws where the bytes are no message. */
function eachField(bytes: Buffer, show: (field: number, value: number | Buffer) => void): void {
  let at = 0;
  function varint(): number {
    let value = 0;
    for (let factor = 1; at < bytes.length && factor <= 2 ** 63; factor *= 128) {
      const byte = bytes[at++]!;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    throw new RangeError("not a varint");
  }
  function take(size: number): Buffer {
    if (size > bytes.length - at) throw new RangeError("the message ends early");
    at += size;
    return bytes.subarray(at - size, at);
  }
  while (at < bytes.length) {
    const key = varint();
    const field = Math.floor(key / 8);
    if (field === 0) throw new RangeError("there is no field 0");
    switch (key % 8) {
      case 0:
        show(field, varint());
        break;
      case 1:
        take(8);
        break;
      case 2:
        show(field, take(varint()));
        break;
      case 5:
        take(4);
        break;
      default:
        throw new RangeError("not a wire type");
    }
  }
}
