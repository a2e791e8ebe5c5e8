// Nothing: what all others are compared with.

import type { Started } from "./variant.ts";

export function start(): Started {
  return {};
}
