// Reads what node:http2's session.request was given, and adds headers to a copy of it.

/** What a request's pseudo-header fields say, with the session's defaults (RFC 9113, section 8.3.1). */
export interface Http2Target {
  /** In upper case. */
  readonly method: string;
  /** The whole URL; host and port alone for a tunnel. */
  readonly url: string;
  /** Whether the stream becomes a tunnel, or another protocol (RFC 8441), once it is accepted. */
  readonly isTunnel: boolean;
}

type Headers = Readonly<Record<string, unknown>>;

/** `origin` is the session's own, for what the headers do not say. `headers` are any that Node takes, or refuses. */
export function targetOf(headers: unknown, origin: string): Http2Target {
  const read = Array.isArray(headers) ? fieldOfList : fieldOf;
  const given = (headers ?? {}) as Headers & readonly unknown[];
  const method = String(read(given, ":method") ?? "GET").toUpperCase();
  const authority = read(given, ":authority") ?? read(given, "host");
  const isConnect = method === "CONNECT";
  if (isConnect && read(given, ":protocol") === undefined) {
    return { method, url: String(authority ?? ""), isTunnel: true };
  }
  const scheme = read(given, ":scheme");
  const path = String(read(given, ":path") ?? "/");
  if (authority === undefined && scheme === undefined) return { method, url: origin + path, isTunnel: isConnect };
  const slashes = origin.indexOf("://");
  const protocol = `${scheme ?? origin.slice(0, slashes)}:`;
  const host = withoutDefaultPort(String(authority ?? origin.slice(slashes + 3)), protocol);
  return { method, url: `${protocol}//${host}${path}`, isTunnel: isConnect };
}

/** Where `http2.connect` leads, without credentials: what Node makes of its arguments. */
export function originOf(authority: unknown, options: unknown): string {
  const { servername, protocol: byOption } = (typeof options === "object" && options !== null ? options : {}) as {
    servername?: string;
    protocol?: string;
  };
  const given = (typeof authority === "string" ? new URL(authority) : authority) as Partial<URL>;
  const protocol = given.protocol || byOption || "https:";
  const host = String(servername || given.hostname || given.host || "localhost");
  const port = given.port ? `:${given.port}` : "";
  const bracketed = host.indexOf(":") !== host.lastIndexOf(":") && !host.startsWith("[") ? `[${host}]` : host;
  return `${protocol}//${withoutDefaultPort(bracketed + port, protocol)}`;
}

/**
 * A copy of the headers in which `added` takes the place of fields of the same name, with the list of sensitive ones that
 * a symbol holds. Undefined for what Node takes no headers from.
 */
export function withHeaders(headers: unknown, added: Readonly<Record<string, string>>): object | undefined {
  if (headers === undefined) return added;
  if (typeof headers !== "object" || headers === null) return undefined;
  return Array.isArray(headers) ? addedToList(headers, added) : addedTo(headers as Headers, added);
}

function addedTo(headers: Headers, added: Readonly<Record<string, string>>): object {
  const copy: Record<string, unknown> = Object.assign({ __proto__: null }, headers);
  for (const name in copy) if (Object.hasOwn(added, name.toLowerCase())) delete copy[name];
  return Object.assign(copy, added);
}

function addedToList(headers: readonly unknown[], added: Readonly<Record<string, string>>): object {
  const copy: unknown[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    if (!Object.hasOwn(added, String(headers[i]).toLowerCase())) copy.push(...headers.slice(i, i + 2));
  }
  for (const name in added) copy.push(name, added[name]);
  for (const symbol of Object.getOwnPropertySymbols(headers)) {
    Object.defineProperty(copy, symbol, Object.getOwnPropertyDescriptor(headers, symbol)!);
  }
  return copy;
}

function fieldOf(headers: Headers, name: string): unknown {
  return headers[name];
}

function fieldOfList(headers: Headers & readonly unknown[], name: string): unknown {
  for (let i = 0; i + 1 < headers.length; i += 2) {
    if (String(headers[i]).toLowerCase() === name) return headers[i + 1];
  }
  return undefined;
}

function withoutDefaultPort(host: string, protocol: string): string {
  const port = protocol === "https:" ? ":443" : ":80";
  return host.endsWith(port) && !host.endsWith(`:${port}`) ? host.slice(0, -port.length) : host;
}
