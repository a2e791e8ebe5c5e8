// Spans as a back end shows them in OTLP's JSON, brought to one shape.

/** Kinds and status codes by OTLP's numbers, times in nanoseconds; integers are big integers, doubles numbers. */
export interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string;
  readonly traceState: string;
  readonly flags: number;
  readonly name: string;
  readonly kind: number;
  readonly start: bigint;
  readonly end: bigint;
  readonly attributes: Attributes;
  readonly events: readonly { readonly time: bigint; readonly name: string; readonly attributes: Attributes }[];
  readonly links: readonly OtlpLink[];
  readonly status: { readonly code: number; readonly message: string };
  readonly resource: Attributes;
  readonly scope: string;
}

export interface OtlpLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceState: string;
  readonly attributes: Attributes;
}

export type Attributes = Readonly<Record<string, unknown>>;

/** Any object of parsed JSON. */
type Json = Readonly<Record<string, unknown>>;

/** The spans of a parsed `{ resourceSpans: … }`, in its order. */
export function otlpSpans(request: unknown): OtlpSpan[] {
  return list(request, "resourceSpans").flatMap((resourceSpans) => {
    const resource = attributes(object(resourceSpans["resource"]));
    return list(resourceSpans, "scopeSpans").flatMap((scopeSpans) => {
      const { name, version } = object(scopeSpans["scope"]);
      return list(scopeSpans, "spans").map((span) => spanOf(span, resource, `${name} ${version}`));
    });
  });
}

function spanOf(span: Json, resource: Attributes, scope: string): OtlpSpan {
  const status = object(span["status"]);
  return {
    traceId: text(span["traceId"]),
    spanId: text(span["spanId"]),
    parentId: text(span["parentSpanId"]),
    traceState: text(span["traceState"]),
    flags: Number(span["flags"] ?? 0),
    name: text(span["name"]),
    kind: Number(span["kind"] ?? 0),
    start: BigInt(text(span["startTimeUnixNano"])),
    end: BigInt(text(span["endTimeUnixNano"])),
    attributes: attributes(span),
    events: list(span, "events").map((event) => ({
      time: BigInt(text(event["timeUnixNano"])),
      name: text(event["name"]),
      attributes: attributes(event),
    })),
    links: list(span, "links").map((link) => ({
      traceId: text(link["traceId"]),
      spanId: text(link["spanId"]),
      traceState: text(link["traceState"]),
      attributes: attributes(link),
    })),
    status: { code: Number(status["code"] ?? 0), message: text(status["message"]) },
    resource,
    scope,
  };
}

function attributes(of: Json): Attributes {
  return Object.fromEntries(list(of, "attributes").map(({ key, value }) => [text(key), plain(object(value))]));
}

function plain(value: Json): unknown {
  if ("intValue" in value) return BigInt(text(value["intValue"]));
  if ("doubleValue" in value) return Number(value["doubleValue"]);
  if ("arrayValue" in value) return list(object(value["arrayValue"]), "values").map(plain);
  return Object.values(value)[0];
}

function list(of: unknown, name: string): Json[] {
  return (object(of)[name] ?? []) as Json[];
}

function object(value: unknown): Json {
  return (value ?? {}) as Json;
}

function text(value: unknown): string {
  return value === undefined || value === null ? "" : String(value);
}
