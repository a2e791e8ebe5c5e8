// The header of AWS X-Ray: `X-Amzn-Trace-Id: Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1`.
// https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader

import { count } from "../diagnostics.ts";
import { decide, hasIds, SAMPLED, type TraceContext, UNDECIDED } from "../trace-context.ts";
import { readText, writeHeader } from "./carrier.ts";
import { trimBlanks } from "./characters.ts";
import { IdsTemplate, SPAN_ID, setIds } from "./ids.ts";
import type { Propagator, TextCarrier } from "./propagator.ts";

const HEADER = "x-amzn-trace-id";

/** `1-`, 8 digits that are the seconds since 1970 where X-Ray itself made the id, `-`, 24 digits. */
const ROOT_LENGTH = 35;
const PLAIN_ROOT_LENGTH = 32;

const IDS = `Root=1-${"#".repeat(8)}-${"#".repeat(24)};Parent=${SPAN_ID}`;
const undecided = new IdsTemplate(IDS);
const dropped = new IdsTemplate(`${IDS};Sampled=0`);
const sampled = new IdsTemplate(`${IDS};Sampled=1`);

/**
 * Read in either form of the root. Fields that are not ours (`Self`, `Lineage`) are passed over and not passed on. A root
 * without a parent, as load balancers and API gateways send it, is none: there is no span to be the child of, and what it decides is
 * for the trace that begins.
 */
export class XRayPropagator implements Propagator {
  readonly fields: readonly string[] = [HEADER];

  inject(context: Readonly<TraceContext>, carrier: TextCarrier): void {
    if (!hasIds(context)) return;
    const isSampled = (context.traceFlags & SAMPLED) !== 0;
    const template = (context.traceFlags & UNDECIDED) !== 0 ? undecided : isSampled ? sampled : dropped;
    writeHeader(carrier, HEADER, template.fill(context));
  }

  extract(carrier: TextCarrier, context: TraceContext): void {
    const header = readText(carrier, HEADER);
    if (header !== undefined && !read(header, context)) count("propagation.invalid");
  }
}

/** Whether the header is well-formed. The last field of a name counts. */
function read(header: string, context: TraceContext): boolean {
  if (header.includes(",")) return false; // a second header, joined to this one
  let root = "";
  let parent = "";
  let flags: number = UNDECIDED;
  for (let start = 0; start < header.length; ) {
    const semicolon = header.indexOf(";", start);
    const end = semicolon < 0 ? header.length : semicolon;
    const field = trimBlanks(header.slice(start, end));
    if (field.startsWith("Root=")) root = traceIdOf(field.slice(5));
    else if (field.startsWith("Parent=")) parent = field.slice(7);
    else if (field.startsWith("Sampled=")) flags = flagsOf(field.slice(8));
    start = end + 1;
  }
  if (flags < 0) return false;
  if (parent !== "") return parent.length === SPAN_ID.length && setIds(context, root, parent, flags);
  if (root !== "") decide(context, flags);
  return root !== "";
}

/** The root's 32 digits; "" for what is no root. */
function traceIdOf(root: string): string {
  if (root.length === PLAIN_ROOT_LENGTH && !root.includes("-")) return root;
  const isRoot = root.length === ROOT_LENGTH && root.startsWith("1-") && root.charAt(10) === "-";
  return isRoot ? root.slice(2, 10) + root.slice(11) : "";
}

/** -1 for what is no decision. `?` asks for ours. */
function flagsOf(value: string): number {
  switch (value) {
    case "0":
      return 0;
    case "1":
      return SAMPLED;
    case "?":
    case "":
      return UNDECIDED;
    default:
      return -1;
  }
}
