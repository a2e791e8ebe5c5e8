// The product with a reporter that takes every span and does nothing with it.

import { product } from "./ours.ts";
import type { Started } from "./variant.ts";

export function start(): Promise<Started> {
  return product({ reporter: { report() {}, flush: async () => {}, close: async () => {} } });
}
