// OpenTelemetry's own instrumentations of HTTP, beside ours in one process: sees to it that each request gets one span.

import {
  context as contextApi,
  type Context as OtelContext,
  type Span as OtelSpan,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  trace,
} from "@opentelemetry/api";
import type { OtherInstrumentation } from "../scope/scope-manager.ts";
import { GETTER } from "./carrier-access.ts";
import { HTTP, noteDoubled, UNDICI } from "./doubled.ts";
import { servedSpan } from "./served-span.ts";
import { suppressed } from "./suppression.ts";

/** What instrumentation-http calls its patches, in SDK 2 and 3. */
const PATCHES: ReadonlySet<string> = new Set([
  "incomingRequest",
  "outgoingRequest",
  "outgoingGetRequest",
  "httpsOutgoingRequest",
]);

/** How OpenTelemetry's instrumentations patch. */
interface Patch {
  readonly name?: string;
  readonly __wrapped?: unknown;
  readonly __original?: unknown;
}

/** What the SDK's spans tell beyond the API. */
interface Told {
  readonly kind?: unknown;
  readonly instrumentationScope?: { readonly name?: unknown };
}

/**
 * Where instrumentation-http called us, its span is there already, and becomes ours as well (`adopt`). Where we call it, it
 * is left out (`beneath`). instrumentation-undici is no patch, but listens as we do: it is silenced while we call fetch
 * (`without`), and has the requests that it was told of before us (`hasSent`); of those that we were told of first it does not get
 * its headers in (`sends`).
 */
export class OpenTelemetryInstrumentations implements OtherInstrumentation {
  /** Spans of theirs that are ours already, or that are not to become so. */
  readonly #known = new WeakSet<OtelSpan>();

  readonly without: typeof suppressed = suppressed;

  /**
   * Their span for the request that is just being traced, by the tag `span.kind` that ours would have; undefined where
   * there is none, or where it was answered before.
   */
  adopt(kind: unknown): OtelSpan | undefined {
    if (kind !== "server" && kind !== "client") return undefined;
    const active = contextApi.active();
    const span = kind === "server" ? servedSpan(active) : clientSpan(active);
    if (span === undefined || this.#known.has(span)) return undefined;
    this.#known.add(span);
    noteDoubled(HTTP);
    return span;
  }

  /** Whether a request is served in a span of theirs that we have nothing to do with: it stays active. */
  serves(active: OtelContext): boolean {
    const span = servedSpan(active);
    if (span === undefined || this.#known.has(span)) return false;
    this.#known.add(span);
    return true;
  }

  beneath<F>(fn: F): F {
    let original: unknown = fn;
    while (isPatch(original)) original = (original as Patch).__original;
    if (original !== fn) noteDoubled(HTTP);
    return original as F;
  }

  hasSent(headers: unknown): boolean {
    if (!Array.isArray(headers)) return false;
    if (!hasSpan(addedLast(headers, propagation.fields()))) return false;
    noteDoubled(UNDICI);
    return true;
  }

  sends(name: string): boolean {
    if (!propagation.fields().includes(String(name).toLowerCase())) return false;
    noteDoubled(UNDICI);
    return true;
  }
}

function isPatch(fn: unknown): boolean {
  const { __wrapped, __original, name = "" } = fn as Patch;
  return __wrapped === true && typeof __original === "function" && PATCHES.has(name);
}

function clientSpan(active: OtelContext): OtelSpan | undefined {
  const span = trace.getSpan(active);
  if (span === undefined) return undefined;
  const { kind, instrumentationScope } = span as Told;
  return kind === SpanKind.CLIENT && instrumentationScope?.name === HTTP ? span : undefined;
}

/** The propagator's headers at the end of undici's list of names and values. */
function addedLast(headers: readonly unknown[], fields: readonly string[]): Record<string, string> {
  const added: Record<string, string> = {};
  for (let i = headers.length - 2; i >= 0; i -= 2) {
    const name = String(headers[i]).toLowerCase();
    if (!fields.includes(name)) break;
    added[name] ??= String(headers[i + 1]);
  }
  return added;
}

function hasSpan(carrier: Record<string, string>): boolean {
  return trace.getSpanContext(propagation.extract(ROOT_CONTEXT, carrier, GETTER)) !== undefined;
}
