// The product where no trace is sampled.

import { product } from "./ours.ts";
import type { Started } from "./variant.ts";

export function start(): Promise<Started> {
  process.env["OTEL_TRACES_SAMPLER"] = "always_off";
  return product();
}
