// Packages without types of their own: what the examples use of them.

declare module "restify" {
  import type { IncomingMessage, ServerResponse } from "node:http";

  interface Request extends IncomingMessage {
    params: Record<string, string>;
  }
  interface Response extends ServerResponse {
    send(body: unknown): void;
  }
  interface Server {
    get(path: string, handler: (request: Request, response: Response) => Promise<void>): void;
    listen(port: number, host: string, listening: () => void): void;
  }
  const restify: { createServer(): Server };
  export default restify;
}

declare module "polka" {
  import type { IncomingMessage, ServerResponse } from "node:http";

  interface Polka {
    get(path: string, handler: (request: IncomingMessage, response: ServerResponse) => void): this;
    listen(port: number, host: string, listening: () => void): this;
  }
  export default function polka(): Polka;
}
