// The product with a reporter that counts every span and does nothing with it.

import { product } from "./ours.ts";
import type { Started } from "./variant.ts";

export async function start(): Promise<Started> {
  let reported = 0;
  const report = (): void => void reported++;
  const started = await product({ reporter: { report, flush: async () => {}, close: async () => {} } });
  return { ...started, reported: () => reported };
}
