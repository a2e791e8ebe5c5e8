// Whether memory stays flat over many spans: `node footprint/memory.js ours|floor SINK SPANS`. Prints the resident bytes at ten points, as JSON.

import http from "node:http";
import { OtlpReporter, Tracer } from "node-opentracing";
import { encode, flush, sendWith } from "../floor/encoder.ts";
import { posterTo } from "../floor/post.ts";
import { FloorSpan } from "../floor/span.ts";

interface Spans {
  readonly make: () => void;
  readonly flush: () => Promise<unknown>;
}

const [sink, spans] = process.argv.slice(3).map(Number) as [number, number];
const { make, flush: flushed } = process.argv[2] === "floor" ? floor() : ours();
const resident: number[] = [];
for (let i = 1; i <= spans; i++) {
  make();
  if (i % 10_000 === 0) await flushed();
  if (i % (spans / 10) === 0) resident.push(process.memoryUsage.rss());
}
console.log(JSON.stringify(resident));
process.exit(0);

function ours(): Spans {
  const reporter = new OtlpReporter({ endpoint: `http://127.0.0.1:${sink}/v1/traces` });
  const tracer = new Tracer({ reporter });
  const make = (): void => {
    const span = tracer.startSpan("op").setTag("http.method", "GET");
    span.setTag("http.status_code", 200).setTag("error", false).finish();
  };
  return { make, flush: () => reporter.flush() };
}

function floor(): Spans {
  const post = posterTo(sink, http);
  let posts: Promise<void>[] = [];
  sendWith((body) => void posts.push(post(body)));
  const make = (): void => {
    const span = new FloorSpan(null, 1, "op");
    span.setTag("http.method", "GET").setTag("http.status_code", 200).setTag("error", false);
    encode(span, performance.now());
  };
  return {
    make,
    async flush() {
      flush();
      await Promise.all(posts);
      posts = [];
    },
  };
}
