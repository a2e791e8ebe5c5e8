// Whether memory stays flat over many spans: `node footprint/memory.js ours|floor SINK SPANS`. Prints the resident bytes at ten points, as JSON.

import http from "node:http";
import { OtlpReporter, Tracer } from "node-opentracing";
import { encode, flush, sendWith } from "../floor/encoder.ts";
import { FloorSpan } from "../floor/span.ts";

interface Spans {
  readonly make: () => void;
  readonly flush: () => Promise<unknown>;
}

const url = `http://127.0.0.1:${process.argv[3]}/v1/traces`;
const spans = Number(process.argv[4]);
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
  const reporter = new OtlpReporter({ endpoint: url });
  const tracer = new Tracer({ reporter });
  const make = (): void => {
    const span = tracer.startSpan("op").setTag("http.method", "GET");
    span.setTag("http.status_code", 200).setTag("error", false).finish();
  };
  return { make, flush: () => reporter.flush() };
}

function floor(): Spans {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 2 });
  let posts: Promise<void>[] = [];
  sendWith((body) => {
    const headers = { "content-type": "application/x-protobuf", "content-length": body.length };
    const post = new Promise<void>((resolve, reject) => {
      const request = http.request(url, { method: "POST", agent, headers }, (response) =>
        response.resume().on("end", resolve),
      );
      request.on("error", reject).end(body);
    });
    posts.push(post);
  });
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
