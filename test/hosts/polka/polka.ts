// polka, and what the tests use of its types, of which it has none.

import type { IncomingMessage, ServerResponse } from "node:http";
import { createRequire } from "node:module";

export type PolkaRequest = IncomingMessage & { readonly params: Readonly<Record<string, string>> };
export type PolkaHandler = (
  request: PolkaRequest,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => unknown;
export interface Polka {
  readonly handler: (request: IncomingMessage, response: ServerResponse) => void;
  get(path: string, ...handlers: PolkaHandler[]): this;
  head(path: string, ...handlers: PolkaHandler[]): this;
  post(path: string, ...handlers: PolkaHandler[]): this;
  use(...handlers: PolkaHandler[]): this;
  use(path: string, ...handlers: (PolkaHandler | Polka)[]): this;
}

export const polka = createRequire(import.meta.url)("polka") as () => Polka;
