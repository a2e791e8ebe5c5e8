// The hop protocol, by which every service of a chain tells what it has seen.

/** What a service answers to `GET /call`. */
export interface Hop {
  readonly peer: string;
  readonly span: HopSpan;
  /** The span of the call to `next`; null where there was none. */
  readonly client: { readonly spanId: string } | null;
  /** What `next` answered; null where there was no call. */
  readonly next: Hop | null;
}

/** The server's span, as its library knows it. */
export interface HopSpan {
  /** Lower-case hexadecimal digits: 32, or 16 of a library whose ids have 64 bits. */
  readonly traceId: string;
  readonly spanId: string;
  /** "" for a root. */
  readonly parentId: string;
  readonly sampled: boolean;
  readonly baggage: Readonly<Record<string, string>>;
}

/** The URL by which the first of these ports is made to call the second, and so on. The first sets `item`, if it is given. */
export function chainUrl(ports: readonly number[], item?: string): string {
  const [port, ...rest] = ports;
  const query = new URLSearchParams();
  if (item !== undefined) query.set("item", item);
  if (rest.length > 0) query.set("next", chainUrl(rest));
  return `http://127.0.0.1:${port}/call?${query}`;
}

/** The hops of a chain, the first one first. */
export function hopsOf(first: Hop): Hop[] {
  const hops: Hop[] = [];
  for (let hop: Hop | null = first; hop !== null; hop = hop.next) hops.push(hop);
  return hops;
}
