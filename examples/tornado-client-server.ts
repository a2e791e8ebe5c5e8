// In the manner of Tornado: decorated handlers, and a client that calls them. Nothing is traced but these.
//
//   npm run example tornado-client-server        then: curl http://127.0.0.1:8080/client/log   and   /client/childspan

import { ConsoleReporter, Tracer } from "node-opentracing";
import {
  Application,
  AsyncHTTPClient,
  type HTTPRequest,
  initClientTracing,
  RequestHandler,
  TornadoTracing,
} from "node-opentracing/tornado";
import type { Span } from "opentracing";

const port = Number(process.env["PORT"] ?? 8080);

function clientStartSpanCb(span: Span, request: HTTPRequest): void {
  span.setOperationName(`client/${request.method}`);
  span.setTag("asked", request.url);
}

// Your OpenTracing tracer here.
const tracer = new Tracer({ reporter: new ConsoleReporter({ serviceName: "tornado-client-server" }) });
const tracing = new TornadoTracing(tracer);

// Without initTracing the client is traced by a call of its own.
initClientTracing(tracer, { startSpanCb: clientStartSpanCb });

class ClientLogHandler extends RequestHandler {
  @tracing.trace()
  async get(): Promise<void> {
    await new AsyncHTTPClient().fetch(`http://127.0.0.1:${port}/server/log`);
    this.write({ message: "Sent a request to log" });
  }
}

class ClientChildSpanHandler extends RequestHandler {
  @tracing.trace()
  async get(): Promise<void> {
    await new AsyncHTTPClient().fetch(`http://127.0.0.1:${port}/server/childspan`);
    this.write({ message: "Sent a request that should produce an additional child span" });
  }
}

class ServerLogHandler extends RequestHandler {
  @tracing.trace()
  get(): void {
    // tracing.getSpan(this.request) is the same span.
    tracing.activeSpan()?.log({ event: "Hello, world!" });
    this.write({});
  }
}

class ServerChildSpanHandler extends RequestHandler {
  @tracing.trace()
  get(): void {
    // A child of the request's span, which is active.
    tracing.startActiveSpan("extra_child_span", () => this.write({}));
  }
}

const app = new Application([
  ["/client/log", ClientLogHandler],
  ["/client/childspan", ClientChildSpanHandler],
  ["/server/log", ServerLogHandler],
  ["/server/childspan", ServerChildSpanHandler],
]);
app.listen(port, "127.0.0.1").once("listening", () => console.log(`curl http://127.0.0.1:${port}/client/log`));
