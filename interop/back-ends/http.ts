// Asks back ends what they have.

import { untraced } from "#src/untraced.js";

/** Milliseconds for an answer. */
const LIMIT = 20_000;

/** The JSON at an address; undefined where it says 404. Rejects with any other status, and what came with it. */
export async function getJson(url: string): Promise<unknown> {
  const response = await untraced(() => fetch(url, { signal: AbortSignal.timeout(LIMIT) }));
  const text = await response.text();
  if (response.status === 404) return undefined;
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${text.slice(0, 500)}`);
  return JSON.parse(text);
}
