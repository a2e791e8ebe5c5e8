// Decorated handlers, and a client that calls them: nothing is traced but what says so.
//
//   npm run example client-server     then: curl http://127.0.0.1:8080/client   and   /client-child

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { ConsoleReporter, initClientTracing, Tracer, Tracing } from "node-opentracing";

const port = Number(process.env["PORT"] ?? 8080);
const tracing = new Tracing(new Tracer({ reporter: new ConsoleReporter({ serviceName: "client-server" }) }));
initClientTracing(tracing); // the client is traced, the server only where decorated

class Handlers {
  /** Logs an event on its span. */
  @tracing.trace("method", "url")
  server(_request: IncomingMessage, response: ServerResponse): void {
    tracing.activeSpan()?.log({ event: "hello world", answered: true });
    response.end("hello");
  }

  /** Calls the one above. */
  @tracing.trace()
  async client(_request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = await fetch(`http://127.0.0.1:${port}/server`);
    response.end(`the server said ${await answer.text()}`);
  }

  /** Calls it too, and starts a span of its own around that. */
  @tracing.trace()
  async clientChild(request: IncomingMessage, response: ServerResponse): Promise<void> {
    await tracing.startActiveSpan("extra work", async (span) => {
      span.setTag("asked", request.url);
      const answer = await fetch(`http://127.0.0.1:${port}/server`);
      response.end(`the server said ${await answer.text()}`);
    });
  }
}

const handlers = new Handlers();
createServer((request, response) => {
  if (request.url === "/server") handlers.server(request, response);
  else if (request.url === "/client") void handlers.client(request, response);
  else if (request.url === "/client-child") void handlers.clientChild(request, response);
  else response.writeHead(404).end();
}).listen(port, "127.0.0.1", () => console.log(`curl http://127.0.0.1:${port}/client`));
