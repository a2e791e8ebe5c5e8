// Header names and values as Tornado keeps them: names without regard to case, a name as often as it came.

/** What headers can be made of. */
export type HeadersInit =
  | Iterable<readonly [name: string, value: string]>
  | Readonly<Record<string, string | readonly string[] | undefined>>;

/** The headers of a request or response. A name keeps the case in which it came first, and is found in any. */
export class HTTPHeaders {
  /** By the name in lower case. */
  readonly #entries = new Map<string, { readonly name: string; readonly values: string[] }>();

  /** A copy of `init`: other HTTPHeaders, a `Headers` or `Map`, pairs, or an object. Undefined values are left out. */
  constructor(init: HeadersInit = {}) {
    if (isIterable(init)) {
      for (const [name, value] of init) this.add(name, value);
      return;
    }
    for (const [name, value] of Object.entries(init)) {
      if (Array.isArray(value)) for (const one of value) this.add(name, one);
      else if (value !== undefined) this.add(name, value as string);
    }
  }

  /** Node's flat list of names and values by turns. */
  static fromRaw(rawHeaders: readonly string[]): HTTPHeaders {
    const headers = new HTTPHeaders();
    for (let i = 0; i + 1 < rawHeaders.length; i += 2) headers.add(rawHeaders[i]!, rawHeaders[i + 1]!);
    return headers;
  }

  /** The value; several of one name are joined by commas. `fallback` where there is none. */
  get(name: string): string | undefined;
  get<T>(name: string, fallback: T): string | T;
  get(name: string, fallback?: unknown): unknown {
    return this.#entries.get(name.toLowerCase())?.values.join(",") ?? fallback;
  }

  /** Each value of that name, as for Set-Cookie, whose values cannot be joined. */
  getList(name: string): string[] {
    return [...(this.#entries.get(name.toLowerCase())?.values ?? [])];
  }

  has(name: string): boolean {
    return this.#entries.has(name.toLowerCase());
  }

  /** In place of all values of that name. */
  set(name: string, value: string): void {
    this.#entries.set(name.toLowerCase(), { name, values: [String(value)] });
  }

  /** Besides the values of that name. */
  add(name: string, value: string): void {
    const key = name.toLowerCase();
    const entry = this.#entries.get(key);
    if (entry === undefined) this.#entries.set(key, { name, values: [String(value)] });
    else entry.values.push(String(value));
  }

  delete(name: string): boolean {
    return this.#entries.delete(name.toLowerCase());
  }

  /** Every name and value; a name as often as it has values. Tornado's `get_all`. */
  *[Symbol.iterator](): IterableIterator<[name: string, value: string]> {
    for (const { name, values } of this.#entries.values()) for (const value of values) yield [name, value];
  }

  /** As node:http takes them. */
  toObject(): Record<string, string | string[]> {
    const object: Record<string, string | string[]> = Object.create(null); // a header may be named "__proto__"
    for (const { name, values } of this.#entries.values())
      object[name] = values.length === 1 ? values[0]! : [...values];
    return object;
  }
}

function isIterable(init: HeadersInit): init is Iterable<readonly [string, string]> {
  return Symbol.iterator in init;
}
