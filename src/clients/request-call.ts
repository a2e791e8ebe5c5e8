// Reads the arguments of http.request in all their forms, and adds headers to a copy of them.

import http, { type OutgoingHttpHeaders, type RequestOptions } from "node:http";
import https from "node:https";

/** A call of `request` or `get`. Nothing in it is ever changed. */
export interface RequestCall {
  readonly args: readonly unknown[];
  /** The URL argument, parsed; undefined where there is none, or none that can be parsed. */
  readonly url: URL | undefined;
  readonly options: RequestOptions & { readonly defaultPort?: number | string };
  /** Where the options stand, or belong, in `args`. */
  readonly optionsAt: 0 | 1;
  /** Where no option says otherwise. */
  readonly protocol: string;
}

const NO_OPTIONS: RequestOptions = {};

/** `protocol` is `http:` or `https:`, after the module that was called. */
export function readCall(args: readonly unknown[], protocol: string): RequestCall {
  const first = args[0];
  const optionsAt = typeof first === "string" || isUrl(first) ? 1 : 0;
  const options = args[optionsAt];
  return {
    args,
    url: optionsAt === 1 ? parsed(first as string | URL) : undefined,
    options: typeof options === "object" && options !== null ? options : NO_OPTIONS,
    optionsAt,
    protocol,
  };
}

export function methodOf({ options }: RequestCall): string {
  return typeof options.method === "string" && options.method !== "" ? options.method.toUpperCase() : "GET";
}

/**
 * The whole URL without credentials, put together as Node does (options before the URL's parts). The URL argument as it
 * is where it cannot be parsed. For a Unix socket the host that the Host header has.
 */
export function urlOf({ args, url, options, optionsAt, protocol: byModule }: RequestCall): string {
  if (optionsAt === 1 && url === undefined) return String(args[0]);
  const path = String(options.path || (url === undefined ? "/" : url.pathname + url.search));
  // A tunnel has host and port for its path, a request to a proxy the whole URL.
  if (options.method === "CONNECT") return path;
  if (path.startsWith("http://") || path.startsWith("https://")) return path;
  const protocol = options.protocol || url?.protocol || byModule;
  const host = String(options.hostname || url?.hostname || options.host || "localhost");
  const port = options.port || url?.port || options.defaultPort || defaultPortOf(options.agent);
  return `${protocol}//${bracketed(host)}${portOf(protocol, port)}${path}`;
}

/** An agent's own default port. A getter is not asked: that of agent-base answers by who is on the call stack. */
function defaultPortOf(agent: unknown): number | string | undefined {
  if (typeof agent !== "object" || agent === null) return undefined;
  return Object.getOwnPropertyDescriptor(agent, "defaultPort")?.value;
}

/**
 * Whether headers can be added to the request once it is made, which costs less than a copy of its options: Node writes an array of
 * headers, and those with an `Expect` among them, in the constructor already; what agents of others do there is not known.
 */
export function takesHeadersLater({ options: { headers, agent }, protocol }: RequestCall): boolean {
  const byDefault = (protocol === "https:" ? https : http).globalAgent;
  if (!isNodesOwn(typeof agent === "object" && agent !== null ? agent : byDefault)) return false;
  if (headers === undefined || headers === null) return true;
  if (typeof headers !== "object" || Array.isArray(headers)) return false;
  for (const name in headers) if (name.length === 6 && name.toLowerCase() === "expect") return false;
  return true;
}

/** Whether an agent is Node's, which sends nothing before the next turn of the event loop. */
function isNodesOwn(agent: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(agent);
  if (prototype !== http.Agent.prototype && prototype !== https.Agent.prototype) return false;
  return QUEUEING.every((name) => !Object.hasOwn(agent, name)) && addRequestOf(http.Agent.prototype) === addRequest;
}

/** What an agent does with a request before its constructor is through. */
const QUEUEING: readonly string[] = ["addRequest", "createSocket", "reuseSocket"];

function addRequestOf(prototype: object): unknown {
  return (prototype as { addRequest?: unknown }).addRequest;
}

const addRequest: unknown = addRequestOf(http.Agent.prototype);

/** The call's arguments, with the URL parsed already so that Node need not do it again. */
export function withUrl({ args, url }: RequestCall): readonly unknown[] {
  return url === undefined || url === args[0] ? args : [url, ...args.slice(1)];
}

/** The call's arguments with `added` among the headers, in the form in which the caller gave them. */
export function withHeaders(call: RequestCall, added: Readonly<Record<string, string>>): unknown[] {
  const { args, url, options, optionsAt } = call;
  const changed = options === NO_OPTIONS ? { headers: added } : { ...options, headers: merged(options.headers, added) };
  const after = typeof args[optionsAt] === "function" ? args[optionsAt] : args[optionsAt + 1];
  // Parsed already, so that Node need not do it again.
  return optionsAt === 0 ? [changed, after] : [url ?? args[0], changed, after];
}

/** As Node tells a URL from options, so that those of another realm or package count too. */
function isUrl(value: unknown): value is URL {
  if (typeof value !== "object" || value === null) return false;
  const { href, protocol, auth, path } = value as Record<string, unknown>;
  return Boolean(href && protocol) && auth === undefined && path === undefined;
}

function parsed(url: string | URL): URL | undefined {
  if (url instanceof URL) return url;
  try {
    return new URL(String(url));
  } catch {
    return undefined;
  }
}

function bracketed(host: string): string {
  return host.indexOf(":") !== host.lastIndexOf(":") && !host.startsWith("[") ? `[${host}]` : host;
}

function portOf(protocol: string, port: number | string | null | undefined): string {
  if (!port || String(port) === (protocol === "https:" ? "443" : "80")) return "";
  return `:${port}`;
}

type Headers = OutgoingHttpHeaders | readonly string[] | readonly (readonly [string, string])[];

/** A copy of `headers` in which `added` takes the place of headers of the same name, whatever their case. */
function merged(headers: unknown, added: Readonly<Record<string, string>>): Headers | undefined {
  if (Array.isArray(headers))
    return Array.isArray(headers[0]) ? mergedPairs(headers, added) : mergedFlat(headers, added);
  const result: Record<string, unknown> = { ...(headers as object) };
  for (const name in result) if (Object.hasOwn(added, name.toLowerCase())) delete result[name];
  return Object.assign(result, added) as OutgoingHttpHeaders;
}

function mergedPairs(headers: [string, string][], added: Readonly<Record<string, string>>): Headers {
  const kept = headers.filter((pair) => !Object.hasOwn(added, String(pair?.[0]).toLowerCase()));
  return [...kept, ...Object.entries(added)];
}

function mergedFlat(headers: string[], added: Readonly<Record<string, string>>): Headers {
  const result: string[] = [];
  // An odd number is an error that Node reports: leave it odd.
  for (let i = 0; i < headers.length; i += 2) {
    if (!Object.hasOwn(added, String(headers[i]).toLowerCase())) result.push(...headers.slice(i, i + 2));
  }
  for (const name in added) result.push(name, added[name]!);
  return result;
}
