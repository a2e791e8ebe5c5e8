// A collector in a hundred lines: takes OTLP/JSON from the services, prints each trace as a tree, and passes everything on.

import { once } from "node:events";
import http, { type IncomingHttpHeaders, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { type TraceLine, traceText } from "node-opentracing";

export class TraceCollector {
  readonly #server: Server;
  readonly #target: URL;
  readonly #quiet: number | undefined;
  readonly #traces = new Map<string, { lines: TraceLine[]; timer: NodeJS.Timeout | undefined }>();
  #told = false;

  /** `quiet`: milliseconds without news of a trace after which it is printed. Without, all are printed by `close`. */
  static async start(quiet?: number): Promise<TraceCollector> {
    const collector = new TraceCollector(quiet);
    await once(collector.#server.listen(0, "127.0.0.1"), "listening");
    return collector;
  }

  private constructor(quiet: number | undefined) {
    this.#quiet = quiet;
    this.#server = http.createServer((incoming, response) => void this.#receive(incoming, response));
    const base = process.env["OTEL_EXPORTER_OTLP_ENDPOINT"] || "http://localhost:4318";
    const target = process.env["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] || `${base.replace(/\/$/, "")}/v1/traces`;
    this.#target = new URL(target);
  }

  /** What a service needs in its environment to send its spans here. */
  environment(): Record<string, string> {
    const { port } = this.#server.address() as AddressInfo;
    return {
      OTEL_TRACES_EXPORTER: "otlp",
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `http://127.0.0.1:${port}/v1/traces`,
      OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: "http/json",
      OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: "none",
      OTEL_BSP_SCHEDULE_DELAY: "200",
    };
  }

  /** Prints what has not been printed, in the order of its start, and ends. */
  async close(): Promise<void> {
    const started = [...this.#traces].map(
      ([id, { lines }]) => [Math.min(...lines.map((l) => l.startTime)), id] as const,
    );
    for (const [, traceId] of started.sort(([a], [b]) => a - b)) this.#print(traceId);
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }

  async #receive(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const body = Buffer.concat(await incoming.toArray());
      for (const line of linesOf(JSON.parse(body.toString()))) this.#add(line);
      response.setHeader("content-type", "application/json").end("{}");
      this.#passOn(body, incoming.headers);
    } catch (error) {
      response.writeHead(400).end(String(error));
    }
  }

  #add(line: TraceLine): void {
    const trace = this.#traces.get(line.traceId);
    clearTimeout(trace?.timer);
    const quiet = this.#quiet;
    const timer = quiet === undefined ? undefined : setTimeout(() => this.#print(line.traceId), quiet);
    this.#traces.set(line.traceId, { lines: [...(trace?.lines ?? []), line], timer });
  }

  #print(traceId: string): void {
    const trace = this.#traces.get(traceId);
    if (trace === undefined) return;
    clearTimeout(trace.timer);
    this.#traces.delete(traceId);
    console.log(traceText(trace.lines, { colours: process.stdout.isTTY && process.env["NO_COLOR"] === undefined }));
  }

  /** To the collector at the OTLP endpoint, if there is one. */
  #passOn(body: Buffer, { host: _, connection: __, ...headers }: IncomingHttpHeaders): void {
    const send = this.#target.protocol === "https:" ? https.request : http.request;
    const outgoing = send(this.#target, { method: "POST", headers }, (answer) => {
      answer.resume();
      this.#tell(`Traces go to ${this.#target} too.`);
    });
    outgoing.on("error", () => this.#tell(`No collector at ${this.#target}: the traces are printed here alone.`));
    outgoing.end(body);
  }

  #tell(sentence: string): void {
    if (!this.#told) console.log(`${sentence}\n`);
    this.#told = true;
  }
}

interface Attribute {
  key: string;
  value: { stringValue?: string; intValue?: string | number; boolValue?: boolean };
}

interface ExportRequest {
  resourceSpans: {
    resource: { attributes: Attribute[] };
    scopeSpans: { spans: OtlpSpan[] }[];
  }[];
}

/** The parts of an OTLP span that are printed (opentelemetry/proto/trace/v1/trace.proto, as JSON). */
interface OtlpSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes?: Attribute[];
  status?: { code?: number; message?: string };
}

const KINDS = [undefined, undefined, "server", "client", "producer", "consumer"];

function linesOf({ resourceSpans }: ExportRequest): TraceLine[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId,
        name: span.name,
        service: textOf(resource.attributes, "service.name"),
        kind: KINDS[span.kind],
        startTime: Number(span.startTimeUnixNano) / 1e6,
        endTime: Number(span.endTimeUnixNano) / 1e6,
        status: textOf(span.attributes, "http.response.status_code"),
        error: span.status?.code === 2 ? (textOf(span.attributes, "error.type") ?? "") : undefined,
      })),
    ),
  );
}

function textOf(attributes: readonly Attribute[] | undefined, key: string): string | undefined {
  const value = attributes?.find((attribute) => attribute.key === key)?.value;
  const found = value?.stringValue ?? value?.intValue ?? value?.boolValue;
  return found === undefined ? undefined : String(found);
}
