// A service in the middle, without the network: what comes in, and what its span sends on.

import assert from "node:assert/strict";
import { MemoryReporter, Tracer } from "node-opentracing";
import { FORMAT_HTTP_HEADERS, FORMAT_TEXT_MAP } from "opentracing";

export type Headers = readonly (readonly [name: string, value: string])[];

/**
 * The headers that a span sends on which was started for a request with these. Checks on the way that they are taken in
 * the same way as sent (names in their case, several values as a list) and as Node's HTTP server shows them.
 */
export function passedOn(headers: Headers): Record<string, string> {
  const asSent = through(FORMAT_TEXT_MAP, carrierAsSent(headers));
  const byNode = through(FORMAT_HTTP_HEADERS, carrierByNode(headers));
  assert.equal(asSent["tracestate"], byNode["tracestate"]);
  assert.equal(asSent["baggage"], byNode["baggage"]);
  const came = (headers.find(([name]) => name.toLowerCase() === "traceparent")?.[1] ?? "").trim().slice(3, 35);
  assert.equal(asSent["traceparent"]!.includes(came), byNode["traceparent"]!.includes(came));
  return byNode;
}

/** The fields of a traceparent header. */
export function fieldsOf(headers: Record<string, string>): { traceId: string; spanId: string; flags: string } {
  const match = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(headers["traceparent"] ?? "");
  assert.ok(match, `a valid traceparent, not ${headers["traceparent"]}`);
  return { traceId: match[1]!, spanId: match[2]!, flags: match[3]! };
}

function through(format: string, incoming: object): Record<string, string> {
  const tracer = new Tracer({ reporter: new MemoryReporter() });
  const parent = tracer.extract(format, incoming);
  const span = tracer.startSpan("request", parent === null ? {} : { childOf: parent });
  const outgoing: Record<string, string> = {};
  tracer.inject(span, format, outgoing);
  return outgoing;
}

function carrierAsSent(headers: Headers): Record<string, string | string[]> {
  const carrier: Record<string, string | string[]> = {};
  for (const [name, value] of headers) {
    const before = carrier[name];
    carrier[name] = before === undefined ? value : [before, value].flat();
  }
  return carrier;
}

function carrierByNode(headers: Headers): Record<string, string> {
  const carrier: Record<string, string> = {};
  for (const [sentName, sentValue] of headers) {
    const name = sentName.toLowerCase();
    const value = sentValue.replaceAll(/^[ \t]+|[ \t]+$/g, "");
    carrier[name] = carrier[name] === undefined ? value : `${carrier[name]}, ${value}`;
  }
  return carrier;
}
