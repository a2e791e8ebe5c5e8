// The headers of OpenTracing's basic tracers and of LightStep's: `ot-tracer-traceid`, `ot-tracer-spanid`, `ot-tracer-sampled`, `ot-baggage-*`.

import { count } from "../diagnostics.ts";
import { hasIds, hex32, SAMPLED, spanIdHex, type TraceContext, UNDECIDED } from "../trace-context.ts";
import { readText, writeHeader } from "./carrier.ts";
import { setIds } from "./ids.ts";
import { plainValue } from "./percent.ts";
import { PrefixedBaggage } from "./prefixed-baggage.ts";
import type { Propagator, TextCarrier } from "./propagator.ts";

const TRACE = "ot-tracer-traceid";
const SPAN = "ot-tracer-spanid";
const STATE = "ot-tracer-sampled";

/** Read and written by Datadog's libraries too. */
export const OT_BAGGAGE: PrefixedBaggage = new PrefixedBaggage("ot-baggage-", plainValue);

/** Trace ids are written with their low 64 bits, which is all that most readers take, and read with up to 128. */
export class OTTracerPropagator implements Propagator {
  readonly fields: readonly string[] = [TRACE, SPAN, STATE];

  inject(context: Readonly<TraceContext>, carrier: TextCarrier): void {
    // Where the low half is all zeros there is nothing that such a reader would take.
    if (hasIds(context) && (context.traceId2 | context.traceId3) !== 0) {
      writeHeader(carrier, TRACE, hex32(context.traceId2) + hex32(context.traceId3));
      writeHeader(carrier, SPAN, spanIdHex(context));
      if ((context.traceFlags & UNDECIDED) === 0) {
        writeHeader(carrier, STATE, (context.traceFlags & SAMPLED) !== 0 ? "true" : "false");
      }
    }
    OT_BAGGAGE.inject(context, carrier);
  }

  extract(carrier: TextCarrier, context: TraceContext): void {
    const traceId = readText(carrier, TRACE);
    if (traceId !== undefined) {
      const flags = flagsOf(readText(carrier, STATE));
      const spanId = readText(carrier, SPAN) ?? "";
      if (flags < 0 || !setIds(context, traceId, spanId, flags)) count("propagation.invalid");
    }
    OT_BAGGAGE.extract(carrier, context);
  }
}

/** -1 for what is no decision. The basic tracers write what their language calls true: Python `true`, others `1` or `True`. */
function flagsOf(sampled: string | undefined): number {
  switch (sampled?.toLowerCase()) {
    case undefined:
      return UNDECIDED;
    case "true":
    case "1":
      return SAMPLED;
    case "false":
    case "0":
      return 0;
    default:
      return -1;
  }
}
