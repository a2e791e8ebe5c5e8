// The operations of jaeger-client, archived, which many OpenTracing services still run. Its spans are not encoded.

import { requirePeer } from "../places.ts";
import { extractOf, injectOf, type Operations, spanOf, Tally } from "./operation.ts";

const { Tracer, ConstSampler } = requirePeer("jaeger")("jaeger-client");
const tally = new Tally();
const reporter = {
  name: () => "bench",
  report: () => tally.count++,
  close() {},
  setProcess() {},
};
const tracer = new Tracer("bench", reporter, new ConstSampler(true));
const HEADERS = { "uber-trace-id": "4bf92f3577b34da6a3ce929d0e0e4736:00f067aa0ba902b7:0:1" };

export const operations: Operations = {
  span: () => spanOf(tracer, tally),
  inject: () => injectOf(tracer, HEADERS),
  extract: () => extractOf(tracer, HEADERS),
};
