// Which fetch a hop belongs to, by the trace headers that all hops of a fetch carry.

import type { Call, UndiciRequest } from "./call.ts";
import { carries, listOf } from "./undici-headers.ts";

export class Carriers {
  /** By the value of the first trace header. Nearly always one each. */
  readonly #calls = new Map<string, Call[]>();

  /** Fetch was given these headers for all hops of `call`. */
  add(call: Call, headers: Readonly<Record<string, string>>): void {
    const key = firstValue(headers);
    if (key === undefined) return;
    call.carried = headers;
    const calls = this.#calls.get(key);
    if (calls === undefined) this.#calls.set(key, [call]);
    else calls.push(call);
  }

  /** No more hops come. */
  delete(call: Call): void {
    const { carried } = call;
    if (carried === undefined) return;
    const key = firstValue(carried)!;
    const others = this.#calls.get(key)?.filter((other) => other !== call);
    if (others === undefined || others.length === 0) this.#calls.delete(key);
    else this.#calls.set(key, others);
  }

  /**
   * The call whose headers the request carries; of several with the same headers, the one that this can be a hop of.
   *
   * @param beginning the one whose fetch is just being called
   */
  find({ headers: given, method }: UndiciRequest, url: string, beginning: unknown): Call | undefined {
    if (this.#calls.size === 0) return undefined;
    const headers = listOf(given);
    for (let i = 1; i < headers.length; i += 2) {
      const calls = this.#calls.get(headers[i] as string)?.filter((call) => carries(headers, call.carried!));
      if (calls === undefined || calls.length === 0) continue;
      if (calls.length === 1) return calls[0];
      return calls.find((call) => call === beginning) ?? calls.find((call) => call.expects(method, url)) ?? calls[0];
    }
    return undefined;
  }
}

function firstValue(headers: Readonly<Record<string, string>>): string | undefined {
  for (const name in headers) return headers[name];
  return undefined;
}
