// All requests traced: nothing but initTracing. Story 0 fails; the others get a tag on the active span.
//
//   npm run example simple        then: curl http://127.0.0.1:8080/story/1   and   /story/0

import { createServer } from "node:http";
import { ConsoleReporter, initTracing } from "node-opentracing";

// Remove `reporter` to export over OTLP; or set OTEL_TRACES_EXPORTER.
const tracing = initTracing({ serviceName: "simple", reporter: new ConsoleReporter() });

const server = createServer((request, response) => {
  try {
    const id = Number(request.url?.match(/^\/story\/(\d+)$/)?.[1]);
    response.end(tracing.startActiveSpan("tell story", () => story(id)));
  } catch (error) {
    response.statusCode = 500;
    response.end((error as Error).message);
  }
});

function story(id: number): string {
  tracing.activeSpan()?.setTag("story.id", id);
  if (id === 0) throw new Error("story 0 is not for telling");
  return `story ${id}: once upon a time`;
}

const port = Number(process.env["PORT"] ?? 8080);
server.listen(port, "127.0.0.1", () => console.log(`curl http://127.0.0.1:${port}/story/1`));
