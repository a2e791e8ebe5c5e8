// One baggage in two shapes: ours, which is a header, and that of OpenTelemetry's API, which is a map.

import {
  type Baggage as ApiBaggage,
  type BaggageEntry,
  baggageEntryMetadataFromString,
  propagation,
} from "@opentelemetry/api";
import { baggageOf, EMPTY_BAGGAGE } from "../../propagation/baggage.ts";
import { encodedValueOf, nameOf } from "../../propagation/baggage-header.ts";
import { decoded, encodedName, encodedValue } from "../../propagation/percent.ts";
import { setOwn } from "../../set-own.ts";
import type { Baggage } from "../../trace-context.ts";

/** Neither kind ever changes: each is translated once, and back to the same object. */
const ours = new WeakMap<ApiBaggage, Baggage>();
const theirs = new WeakMap<Baggage, ApiBaggage>();

/** Undefined for none. Entries beyond the limits of a `baggage` header are left out, counted `propagation.limit`. */
export function ownBaggage(baggage: ApiBaggage | undefined): Baggage | undefined {
  if (baggage === undefined) return undefined;
  const known = ours.get(baggage);
  if (known !== undefined) return known;
  const members = baggage.getAllEntries().flatMap(([name, entry]) => (name === "" ? [] : [memberOf(name, entry)]));
  const made = baggageOf(members.join(",")) ?? EMPTY_BAGGAGE;
  return paired(made, baggage, made);
}

/** Undefined for none. */
export function apiBaggage(baggage: Baggage | undefined): ApiBaggage | undefined {
  if (baggage === undefined) return undefined;
  const known = theirs.get(baggage);
  if (known !== undefined) return known;
  const entries: Record<string, BaggageEntry> = {};
  for (const member of baggage.header === "" ? [] : baggage.header.split(",")) {
    const properties = member.indexOf(";");
    setOwn(entries, decoded(nameOf(member)), {
      value: decoded(encodedValueOf(member)),
      ...(properties < 0 ? {} : { metadata: baggageEntryMetadataFromString(member.slice(properties + 1)) }),
    });
  }
  const made = propagation.createBaggage(entries);
  return paired(baggage, made, made);
}

/** Whether both say the same. None is the same as an empty one. */
export function isSameBaggage(a: Baggage | undefined, b: Baggage | undefined): boolean {
  return a === b || (a?.header ?? "") === (b?.header ?? "");
}

function paired<T>(own: Baggage, api: ApiBaggage, answer: T): T {
  if (own !== EMPTY_BAGGAGE) {
    ours.set(api, own);
    theirs.set(own, api);
  }
  return answer;
}

/** A member of the header, properties included, as OpenTelemetry's own propagator writes it. */
function memberOf(name: string, { value, metadata }: BaggageEntry): string {
  const properties = metadata === undefined ? "" : metadata.toString();
  return `${encodedName(name)}=${encodedValue(String(value))}${properties === "" ? "" : `;${properties}`}`;
}
