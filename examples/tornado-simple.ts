// In the manner of Tornado: all requests traced. Story 0 fails; the others get a tag on the active span.
//
//   npm run example tornado-simple        then: curl http://127.0.0.1:8080/story/1   and   /story/0

import { ConsoleReporter, Tracer } from "node-opentracing";
import { Application, initTracing, RequestHandler, TornadoTracing } from "node-opentracing/tornado";

initTracing();

// Your OpenTracing tracer here.
const tracer = new Tracer({ reporter: new ConsoleReporter({ serviceName: "tornado-simple" }) });
const tracing = new TornadoTracing(tracer);

class MainHandler extends RequestHandler {
  get(): void {
    this.write({ status: "ok" });
  }
}

class StoryHandler extends RequestHandler {
  async get(storyId: string): Promise<void> {
    if (Number(storyId) === 0) throw new RangeError("invalid value passed");
    tracing.activeSpan()?.setTag("processed", true);
    this.write({ status: "fetched" });
  }
}

const app = new Application(
  [
    ["/", MainHandler],
    ["/story/([0-9]+)", StoryHandler],
  ],
  {
    opentracingTracing: tracing,
    opentracingTraceAll: true,
    opentracingTracedAttributes: ["protocol", "method"],
  },
);
const port = Number(process.env["PORT"] ?? 8080);
app.listen(port, "127.0.0.1").once("listening", () => console.log(`curl http://127.0.0.1:${port}/story/1`));
