// HTTP/2 requests: how they are read, and what stands for one where the application has nothing but its stream.

import { METHODS } from "node:http";
import type { Http2Session, IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import type { ServerAdapter } from "../../http/server-handler.ts";

/** Node's Http2ServerRequest, or a StreamRequest. */
export interface Http2Request {
  readonly httpVersionMajor: number;
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly stream: ServerHttp2Stream;
}

/** What callbacks and attributes get for a request that the application serves by its stream. */
export class StreamRequest implements Http2Request {
  readonly stream: ServerHttp2Stream;
  /** With the pseudo-header fields, as Node gives them. */
  readonly headers: IncomingHttpHeaders;
  readonly httpVersion = "2.0";
  readonly httpVersionMajor = 2;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders) {
    this.stream = stream;
    this.headers = headers;
  }

  get method(): string {
    return this.headers[":method"] ?? "GET";
  }

  /** Path and query; host and port for a tunnel. */
  get url(): string {
    return this.headers[":path"] ?? this.authority;
  }

  get scheme(): string {
    return this.headers[":scheme"] ?? "";
  }

  get authority(): string {
    return this.headers[":authority"] ?? this.headers.host ?? "";
  }
}

const KNOWN_METHODS: ReadonlySet<string> = new Set(METHODS);

/** How HTTP/2 requests are read. */
export const NODE_HTTP2: ServerAdapter<Http2Request> = {
  component: "node:http2",
  method: (request) => request.method,
  // HTTP/2 lets a client send any token, and each would be a name of its own.
  nameOfMethod: (method) => (KNOWN_METHODS.has(method) ? method : "HTTP"),
  url: (request) => request.url ?? request.headers[":authority"] ?? "",
  scheme: ({ headers, stream }) => headers[":scheme"] ?? (stream.session?.encrypted ? "https" : "http"),
  host: ({ headers }) => headers[":authority"] ?? headers.host,
  headers: (request) => request.headers,
};

/** Whether a request came by HTTP/2, whatever object it is. */
export function isHttp2(request: object | null | undefined): request is Http2Request {
  try {
    const given = request as Partial<Http2Request> | null | undefined;
    return given?.httpVersionMajor === 2 && isServerStream(given.stream);
  } catch {
    return false; // a getter or a proxy of the application that does not like to be looked at
  }
}

/** Whether a value is the server's side of an HTTP/2 stream. */
export function isServerStream(value: unknown): value is ServerHttp2Stream {
  if (typeof value !== "object" || value === null) return false;
  try {
    const { respond, rstCode } = value as Partial<ServerHttp2Stream>;
    return typeof respond === "function" && typeof rstCode === "number";
  } catch {
    return false; // a getter or a proxy of the application that does not like to be looked at
  }
}

/** Whether a value is an HTTP/2 session: what its server emits "timeout" with. */
export function isSession(value: unknown): value is Http2Session {
  try {
    return typeof (value as Partial<Http2Session> | null | undefined)?.goaway === "function";
  } catch {
    return false; // a proxy of the application that does not like to be looked at
  }
}

/** The stream by which a response goes out, where it is HTTP/2's: that of the compatibility API, or the stream itself. */
export function streamOf(response: object | undefined): ServerHttp2Stream | undefined {
  if (response === undefined) return undefined;
  if (isServerStream(response)) return response;
  const { stream } = response as { stream?: unknown };
  return isServerStream(stream) ? stream : undefined;
}
