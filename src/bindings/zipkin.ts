// Binds zipkin-javascript-opentracing 3: makes the zipkin recorder and transport that it needs, and sends as we flush.

import { warn } from "../diagnostics.ts";
import { type Check, hasMethods, httpUrl, isCount, isText, secret } from "../settings.ts";
import type { Asked, BoundTracer } from "./bound-tracer.ts";
import { InFlight } from "./in-flight.ts";
import { loadPackage } from "./installed-module.ts";
import { asOwnTraffic } from "./own-traffic.ts";
import { isRecord, optionsIn } from "./tracer-parameters.ts";
import { debugRecorder, localRecorder, type Recorder } from "./zipkin-recorder.ts";
import { type Kind, type ZipkinModule, ZipkinTracer, type ZipkinTracing } from "./zipkin-tracer.ts";

const NAME = "zipkin-javascript-opentracing";

type Fetch = (url: string, options: object) => Promise<Response>;
interface HttpLogger {
  /** The spans that wait, encoded. */
  readonly queue: readonly string[];
  on(event: "error", listener: () => void): void;
  processQueue(send: Fetch): void;
}
interface Transport {
  readonly HttpLogger: new (options: object) => HttpLogger;
}

const isKind: Check = (value) =>
  ["local", "client", "server"].includes(value as string) ? undefined : '"local", "client" or "server"';

const CHECKS: Readonly<Record<string, Check>> = {
  serviceName: isText,
  endpoint: secret(httpUrl("http://localhost:9411")),
  kind: isKind,
  headers: secret(isRecord),
  httpInterval: isCount,
  sampler: hasMethods("a sampler of zipkin", "shouldSample"),
};

/**
 * `tracerParameters` are `{ serviceName, endpoint, kind }`, where `endpoint` is Zipkin's base address
 * (`http://localhost:9411` by default) and `kind` that of spans without a tag `span.kind` ("local" by default). `headers` and
 * `httpInterval` (milliseconds between two posts, 1000 by default) go to zipkin's HttpLogger, `sampler` to its tracer.
 */
export function zipkin({ parameters, serviceName, defaultName }: Asked): BoundTracer {
  const Tracing = loadPackage<new (options: object) => ZipkinTracing>(NAME);
  const module = loadPackage<ZipkinModule>(NAME, "zipkin");
  const { HttpLogger } = loadPackage<Transport>(NAME, "zipkin-transport-http");
  const {
    endpoint = "http://localhost:9411",
    kind = "local",
    headers,
    httpInterval,
    sampler,
    serviceName: ownName = serviceName ?? defaultName,
  } = optionsIn(NAME, parameters, CHECKS);

  const inFlight = new InFlight();
  const post: Fetch = (url, options) => {
    const { length } = logger.queue;
    const answer = asOwnTraffic(fetch, url, options);
    const sent = answer.then(refuse).catch((error: Error) => {
      warn("report.send_failed", "zipkin's HttpLogger could not send spans", error.cause ?? error, length);
    });
    inFlight.track((done) => void sent.then(done));
    return answer;
  };
  const logger = new HttpLogger({
    endpoint: `${String(endpoint).replace(/\/$/, "")}/api/v2/spans`,
    jsonEncoder: module.jsonEncoder.JSON_V2,
    fetchImplementation: post,
    ...(headers !== undefined && { headers }),
    ...(httpInterval !== undefined && { httpInterval }),
  });
  logger.on("error", () => {}); // told already, and without the spans, which stand in this one's message
  const debug = new module.option.Some(true);
  const recorder = debugRecorder(debug, new module.BatchRecorder({ logger }));

  const tracings = (kind: Kind, recorder: Recorder): ZipkinTracing =>
    new Tracing({ serviceName: ownName, kind, recorder, sampler });
  const tracer = new ZipkinTracer(module, debug, kind as Kind, {
    client: tracings("client", recorder),
    server: tracings("server", recorder),
    local: tracings("local", localRecorder(module, recorder)),
  });
  async function flush(timeLimit?: number): Promise<void> {
    logger.processQueue(post);
    await inFlight.ended(timeLimit);
  }
  return { tracer, flush, close: flush };
}

/** The statuses that HttpLogger takes for a success. */
function refuse({ status }: Response): void {
  if (status !== 200 && status !== 202) throw new Error(`Zipkin answered with status ${status}`);
}
