// Which of the references that a span is started with are any.

import type { Reference } from "opentracing";
import { count } from "../diagnostics.ts";
import { type Check, hasMethods } from "../settings.ts";

/**
 * Those that are references; what is none is counted (`span.foreign_parent`) and left out. Untyped callers hand in spans and
 * contexts as they are, or a reference that is not in a list. Never throws.
 */
export function validReferences(references: readonly Reference[] | null | undefined): readonly Reference[] | undefined {
  if (references === undefined || references === null) return undefined;
  const list: readonly unknown[] = Array.isArray(references) ? references : [references];
  const valid = list.filter((one): one is Reference => isReference(one) === undefined);
  if (valid.length < list.length) count("span.foreign_parent", list.length - valid.length);
  return valid;
}

const isReference: Check = hasMethods("a reference", "type", "referencedContext");
