// The floor's operations.

import { encode, sendWith, take } from "../floor/encoder.ts";
import { FloorSpan } from "../floor/span.ts";
import { extract, inject } from "../floor/traceparent.ts";
import { attributesOf, nextStatus, type Operations, proveMade, Tally, TRACEPARENT } from "./operation.ts";

export const operations: Operations = {
  span() {
    const tally = new Tally();
    sendWith(() => {
      tally.count += 512;
    });
    const run = (): void => {
      const span = new FloorSpan(null, 1, "op");
      span.setTag("http.method", "GET").setTag("http.status_code", nextStatus()).setTag("error", false);
      encode(span, performance.now());
    };
    return { run, prove: tally.prove };
  },
  inject() {
    const context = extract(TRACEPARENT)!;
    return { run: () => Object.assign({}, { traceparent: inject(context) }), prove: proveMade };
  },
  extract: () => ({ run: () => extract(TRACEPARENT), prove: proveMade }),
  protobuf() {
    // Its batch has room for 512.
    const spans = Array.from({ length: 500 }, () => new FloorSpan(null, 2, "GET /users/:id"));
    for (const [i, span] of spans.entries()) {
      const attributes = attributesOf(i);
      for (const name in attributes) span.setTag(name, attributes[name]);
    }
    const run = (): unknown => {
      for (const span of spans) encode(span, performance.now());
      return take();
    };
    return { run, per: spans.length, prove: proveMade };
  },
};
