// Sentry with every trace sampled.

import { requirePeer } from "../places.ts";
import type { Started } from "./variant.ts";

export function start(sink: number): Started {
  const sentry = requirePeer("sentry")("@sentry/node");
  sentry.init({ dsn: `http://public@127.0.0.1:${sink}/1`, tracesSampleRate: 1 });
  const attributes = { "order.id": 42, tenant: "acme", cached: false };
  return { child: (name, work) => sentry.startSpan({ name, attributes }, work) };
}
