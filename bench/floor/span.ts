// The floor's span: what the bare minimum of tracing keeps of an operation. No features, no checks, no limits.

const seed = globalThis.crypto.getRandomValues(new Int32Array(4));
let x = seed[0]! | 1;
let y = seed[1]!;
let z = seed[2]!;
let w = seed[3]!;

/** 32 random bits (xorshift128). */
function randomWord(): number {
  const t = x ^ (x << 11);
  x = y;
  y = z;
  z = w;
  w = (w ^ (w >>> 19) ^ t ^ (t >>> 8)) | 0;
  return w;
}

/** What of a parent counts. */
export interface FloorContext {
  readonly t0: number;
  readonly t1: number;
  readonly t2: number;
  readonly t3: number;
  readonly s0: number;
  readonly s1: number;
}

export class FloorSpan implements FloorContext {
  readonly t0: number;
  readonly t1: number;
  readonly t2: number;
  readonly t3: number;
  readonly s0: number;
  readonly s1: number;
  readonly p0: number;
  readonly p1: number;
  readonly kind: number;
  readonly method: string;
  readonly start: number;
  name: string;
  url = "";
  host = "";
  route = "";
  status = 0;
  isDone = false;
  /** Names and values by turns. */
  tags: unknown[] | null = null;

  constructor(parent: FloorContext | null, kind: number, name: string) {
    if (parent === null) {
      this.t0 = randomWord();
      this.t1 = randomWord();
      this.t2 = randomWord();
      this.t3 = randomWord();
      this.p0 = 0;
      this.p1 = 0;
    } else {
      this.t0 = parent.t0;
      this.t1 = parent.t1;
      this.t2 = parent.t2;
      this.t3 = parent.t3;
      this.p0 = parent.s0;
      this.p1 = parent.s1;
    }
    this.s0 = randomWord();
    this.s1 = randomWord();
    this.kind = kind;
    this.name = name;
    this.method = name;
    this.start = performance.now();
  }

  setTag(name: string, value: unknown): this {
    this.tags ??= [];
    this.tags.push(name, value);
    return this;
  }
}
