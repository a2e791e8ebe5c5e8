// restify, and what the tests use of its types, of which it has none.

import { IncomingMessage, type Server, ServerResponse } from "node:http";
import { createRequire } from "node:module";

export interface Restify {
  createServer(options?: object): RestifyServer;
}
export interface RestifyServer {
  readonly server: Server;
  get(path: string, handler: RestifyHandler): void;
  head(path: string, handler: RestifyHandler): void;
  post(path: string, handler: RestifyHandler): void;
  use(handler: RestifyHandler): void;
  pre(handler: RestifyHandler): void;
  on(event: string, listener: (...args: never[]) => void): void;
}
export type RestifyRequest = IncomingMessage & { readonly params: Readonly<Record<string, string>> };
export type RestifyResponse = ServerResponse & { send(status: number, body?: unknown): void };
export type RestifyHandler = (
  request: RestifyRequest,
  response: RestifyResponse,
  next: (error?: unknown) => void,
) => unknown;

/**
 * restify gives all requests and responses of the process methods of its own, and Node's `writeHead` is not the same after that:
 * this takes it back with `unload`, for other frameworks' tests in the same process.
 */
export function loadRestify(): { readonly restify: Restify; unload(): void } {
  const prototypes: object[] = [IncomingMessage.prototype, ServerResponse.prototype];
  const before = prototypes.map((prototype) => Object.getOwnPropertyDescriptors(prototype));
  const restify = createRequire(import.meta.url)("restify") as Restify;
  changed ??= prototypes.map((prototype) => Object.getOwnPropertyDescriptors(prototype));
  prototypes.forEach((prototype, i) => void Object.defineProperties(prototype, changed![i]!));
  return {
    restify,
    unload() {
      prototypes.forEach((prototype, i) => {
        for (const name of Object.keys(changed![i]!)) {
          if (!(name in before[i]!)) Reflect.deleteProperty(prototype, name);
        }
        Object.defineProperties(prototype, before[i]!);
      });
    },
  };
}

let changed: PropertyDescriptorMap[] | undefined;
