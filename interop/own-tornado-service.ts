// Our own service in a chain as users of Tornado would write it: an Application, a RequestHandler and AsyncHTTPClient.

import { once } from "node:events";
import type { AddressInfo } from "node:net";
import {
  Application,
  AsyncHTTPClient,
  HTTPRequest,
  initTracing,
  RequestHandler,
  TornadoTracing,
} from "node-opentracing/tornado";
import type { Span } from "opentracing";
import type { Hop } from "./hop.js";
import type { StartOwnService } from "./own-service.js";
import { ownTracer } from "./own-tracer.js";

/** Starts an application of `node-opentracing/tornado`. */
export const startOwnTornadoService: StartOwnService = async (options) => {
  const { tracer, reporter } = ownTracer(options);
  const spans = new WeakMap<object, Span>();
  const tracing = new TornadoTracing(tracer);

  class CallHandler extends RequestHandler {
    async get(): Promise<void> {
      const span = tracing.getSpan(this.request)!;
      const item = this.getQueryArgument("item", null);
      if (item !== null) span.setBaggageItem("item", item);
      const next = this.getQueryArgument("next", null);
      let hop: Hop = { peer: "ours", span: tracer.seen(span), client: null, next: null };
      if (next !== null) {
        const request = new HTTPRequest(next);
        const { body } = await new AsyncHTTPClient().fetch(request);
        const client = { spanId: spans.get(request)!.context().toSpanId() };
        hop = { ...hop, client, next: JSON.parse(String(body)) as Hop };
      }
      this.write({ ...hop });
    }
  }

  const undo = initTracing();
  const app = new Application([["/call", CallHandler]], {
    opentracingTracing: tracing,
    opentracingStartSpanCb: (span, request) => spans.set(request, span),
  });
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    reporter,
    async stop() {
      await app.close();
      undo();
    },
  };
};
