// The tag names we write, from OpenTracing's semantic conventions and, where those are silent, in their manner.

/** `server`, `client`, `producer` or `consumer`; absent for work inside a process. */
export const SPAN_KIND = "span.kind";
/** The library that made the span: `node:http`, `fetch`, `express`. */
export const COMPONENT = "component";
/** `true` where the operation failed. */
export const ERROR = "error";
/** At the start of a span: 0 drops the trace, more keeps it, whatever the sampler says. */
export const SAMPLING_PRIORITY = "sampling.priority";

export const HTTP_METHOD = "http.method";
/** Server: path and query as requested. Client: the whole URL. Secrets are redacted in both. */
export const HTTP_URL = "http.url";
export const HTTP_STATUS_CODE = "http.status_code";
/** `http` or `https`. */
export const HTTP_SCHEME = "http.scheme";
/** Server: the Host header as received. */
export const HTTP_HOST = "http.host";
/** The pattern of the route that answers: `/orders/:id`. */
export const HTTP_ROUTE = "http.route";
/** The protocol that an upgrade asked for: `websocket`. */
export const HTTP_UPGRADE = "http.upgrade";
/** How many times a request was sent again, after a redirect or a failure. */
export const HTTP_RESEND_COUNT = "http.resend_count";

/** The caller's ids where its trace is not continued (`publicEndpoint`) and the tracer has no links. */
export const LINK_TRACE_ID = "link.trace_id";
export const LINK_SPAN_ID = "link.span_id";

/** What a framework's span stands for, with `traceMiddleware`: `middleware`, or the hook's name. */
export const MIDDLEWARE_TYPE = "middleware.type";

/** A span's tags as reporters get them: name, value, name, value. One array, for an object a tag costs more than the tag. */
export type FlatTags = readonly unknown[];

/** The value of a tag in a flat list, or undefined. */
export function tagOf(tags: FlatTags, name: string): unknown {
  for (let i = 0; i < tags.length; i += 2) if (tags[i] === name) return tags[i + 1];
  return undefined;
}
