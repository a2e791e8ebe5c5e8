// How many spans a request body holds, in the formats of all that are compared.

/** Spans, and how many of them are of served requests: one of those for each request is what a run has to prove. */
export interface Counts {
  readonly spans: number;
  readonly served: number;
}

export const NONE: Counts = { spans: 0, served: 0 };

/** Counts by the path to which the body was posted; it must be unpacked already. */
export function countSpans(path: string, body: Buffer): Counts {
  if (body.length === 0) return NONE;
  if (path === "/v1/traces") return countOtlp(body);
  if (path.startsWith("/v0.4/traces")) return countDatadog(body);
  if (path.startsWith("/intake/")) {
    const served = occurrences(body, '{"transaction":{');
    return { served, spans: served + occurrences(body, '{"span":{') };
  }
  if (path.includes("/envelope")) {
    // A transaction each, or spans by themselves.
    const served = occurrences(body, '{"type":"transaction"') + occurrences(body, '"sentry.kind":{"value":"server"');
    return { served, spans: occurrences(body, '"span_id":') };
  }
  return NONE;
}

/** ExportTraceServiceRequest.resource_spans 1, ResourceSpans.scope_spans 2, ScopeSpans.spans 2, Span.kind 6 (SERVER is 2). */
function countOtlp(body: Buffer): Counts {
  let spans = 0;
  let served = 0;
  const reader = new Fields(body);
  reader.each(0, body.length, (field, from, to) => {
    if (field !== 1) return;
    reader.each(from, to, (inner, start, end) => {
      if (inner !== 2) return;
      reader.each(start, end, (innermost, begin, stop) => {
        if (innermost !== 2) return;
        spans++;
        reader.each(begin, stop, (spanField, value) => {
          if (spanField === 6 && body[value] === 2) served++;
        });
      });
    });
  });
  return { spans, served };
}

/** The fields of protobuf messages. */
class Fields {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Shows each field of the message between two places: its number, and where its value begins and ends. */
  each(from: number, to: number, show: (field: number, from: number, to: number) => void): void {
    let at = from;
    while (at < to) {
      this.#at = at;
      const key = this.#varint();
      const wireType = key & 7;
      let start = this.#at;
      if (wireType === 0) this.#varint();
      else if (wireType === 1) this.#at += 8;
      else if (wireType === 5) this.#at += 4;
      else if (wireType === 2) {
        const length = this.#varint();
        start = this.#at;
        this.#at += length;
      } else throw new Error(`wire type ${wireType} at ${at}`);
      at = this.#at;
      show(key >>> 3, start, at);
    }
    if (at !== to) throw new Error(`a message that should end at ${to} ends at ${at}`);
  }

  /** Of numbers above 32 bits the lower ones. */
  #varint(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new Error("the body ends in a number");
      if (shift < 32) value |= (byte & 127) << shift;
      if (byte < 128) return value >>> 0;
    }
  }
}

/** Datadog's agent protocol 0.4: MessagePack, a list of traces, each a list of spans, each a map. */
function countDatadog(body: Buffer): Counts {
  const reader = new MessagePack(body);
  let spans = 0;
  for (let traces = reader.listLength(); traces > 0; traces--) {
    const length = reader.listLength();
    spans += length;
    for (let i = 0; i < length; i++) reader.skip();
  }
  return { spans, served: occurrences(body, "\xa9span.kind\xa6server") };
}

/** As much of MessagePack (its specification's table of formats) as stepping over values needs. */
class MessagePack {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  listLength(): number {
    const type = this.#bytes[this.#at++]!;
    if ((type & 0xf0) === 0x90) return type & 15;
    if (type === 0xdc) return this.#number(2);
    if (type === 0xdd) return this.#number(4);
    throw new Error(`type ${type} where a list should be`);
  }

  /** Steps over one value. */
  skip(): void {
    for (let left = 1; left > 0; left--) left += this.#step();
  }

  /** Steps over the beginning of a value; answers how many values it has inside. */
  #step(): number {
    const type = this.#bytes[this.#at++]!;
    if (type < 0x80 || type >= 0xe0) return 0;
    if (type < 0x90) return (type & 15) * 2;
    if (type < 0xa0) return type & 15;
    const step = type < 0xc0 ? (["fixed", type & 31] as const) : STEPS[type - 0xc0];
    if (step === undefined) throw new Error(`type ${type}`);
    const [kind, size] = step;
    if (kind === "fixed") this.#at += size;
    const length = kind === "fixed" ? 0 : this.#number(size);
    if (kind === "bytes") this.#at += length;
    return kind === "list" ? length : kind === "map" ? length * 2 : 0;
  }

  #number(size: number): number {
    const value = this.#bytes.readUIntBE(this.#at, size);
    this.#at += size;
    return value;
  }
}

/** What follows the types from 0xc0 on, in their order. */
const STEPS: readonly (readonly ["fixed" | "bytes" | "list" | "map", number] | undefined)[] = [
  ["fixed", 0],
  undefined,
  ["fixed", 0],
  ["fixed", 0],
  ["bytes", 1],
  ["bytes", 2],
  ["bytes", 4],
  undefined,
  undefined,
  undefined,
  ["fixed", 4],
  ["fixed", 8],
  ["fixed", 1],
  ["fixed", 2],
  ["fixed", 4],
  ["fixed", 8],
  ["fixed", 1],
  ["fixed", 2],
  ["fixed", 4],
  ["fixed", 8],
  ["fixed", 2],
  ["fixed", 3],
  ["fixed", 5],
  ["fixed", 9],
  ["fixed", 17],
  ["bytes", 1],
  ["bytes", 2],
  ["bytes", 4],
  ["list", 2],
  ["list", 4],
  ["map", 2],
  ["map", 4],
];

function occurrences(body: Buffer, text: string): number {
  const pattern = Buffer.from(text, "latin1");
  let count = 0;
  for (let at = body.indexOf(pattern); at >= 0; at = body.indexOf(pattern, at + pattern.length)) count++;
  return count;
}
