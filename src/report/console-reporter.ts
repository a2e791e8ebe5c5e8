// Prints each trace as a tree in the terminal: for development.

import { AsyncResource } from "node:async_hooks";
import { EventEmitter } from "node:events";
import type { Writable } from "node:stream";
import { warn } from "../diagnostics.ts";
import { type Check, checkOptions, hasMethods, isBoolean, isText } from "../settings.ts";
import { HTTP_STATUS_CODE, SPAN_KIND, tagOf } from "../tags.ts";
import { parentSpanIdHex, spanIdHex, traceIdHex } from "../trace-context.ts";
import type { FinishedSpan, Reporter } from "./reporter.ts";
import { kindOf, outcomeOf } from "./semantic-conventions.ts";
import { type TraceLine, traceText } from "./trace-text.ts";

/** Where the picture goes: a stream. */
export interface TextSink {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
}

export interface ConsoleReporterOptions {
  /** `process.stdout` by default. */
  readonly stream?: TextSink | undefined;
  /** Shown in front of each span; not shown by default. */
  readonly serviceName?: string | undefined;
  /** By default where the stream is a terminal and the environment has no NO_COLOR. */
  readonly colours?: boolean | undefined;
  /** Milliseconds after which spans are printed although their local root has not finished: 30,000 by default. */
  readonly timeLimit?: number | undefined;
}

const CHECKS: Readonly<Record<string, Check>> = {
  stream: hasMethods("a stream", "write"),
  serviceName: isText,
  colours: isBoolean,
  timeLimit: (value) =>
    typeof value === "number" && value > 0 && value < 2 ** 31 ? undefined : "milliseconds above 0",
};

/** Spans that wait for their root at most; beyond this the oldest trace is printed as it is. */
const MAX_WAITING = 10_000;

/**
 * Milliseconds that a span with a remote parent waits: a process that calls itself has that parent too, and it ends a
 * little later.
 */
const REMOTE_PARENT_DELAY = 200;

interface Waiting {
  readonly since: number;
  readonly lines: TraceLine[];
}

/**
 * A trace is printed when its root finishes; where the root is in another process, a moment after the local one, whose
 * parent is remote. What finishes after its root, or without one, is printed after the time limit.
 */
export class ConsoleReporter implements Reporter {
  readonly #stream: TextSink;
  #service: string | undefined;
  readonly #colours: boolean;
  readonly #timeLimit: number;
  readonly #waiting = new Map<string, Waiting>();
  /** The timer must not keep the async context of a traced request. */
  readonly #context = new AsyncResource("node-opentracing.ConsoleReporter", { requireManualDestroy: true });
  #count = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** Throws a TypeError that says what to write instead where an option is wrong. */
  constructor(options: ConsoleReporterOptions = {}) {
    checkOptions("new ConsoleReporter(options)", options, CHECKS);
    this.#stream = options.stream ?? process.stdout;
    this.#service = options.serviceName;
    this.#colours = options.colours ?? hasColours(this.#stream);
    this.#timeLimit = options.timeLimit ?? 30_000;
  }

  nameService(serviceName: string): void {
    this.#service ??= serviceName;
  }

  report(span: FinishedSpan): void {
    if (this.#closed) {
      warn("report.after_close", "a span finished after its reporter was closed, and is lost");
      return;
    }
    const line = this.#line(span);
    let trace = this.#waiting.get(line.traceId);
    if (trace === undefined) {
      trace = { since: performance.now(), lines: [] };
      this.#waiting.set(line.traceId, trace);
    }
    trace.lines.push(line);
    this.#count++;
    if (line.parentSpanId === "") this.#printTree(line);
    else if (span.parentIsRemote) this.#context.runInAsyncScope(() => this.#printLater(line));
    while (this.#count > MAX_WAITING) this.#printOldest();
    if (this.#count > 0 && this.#timer === undefined) this.#context.runInAsyncScope(() => this.#startTimer());
  }

  /** Prints everything that waits. */
  async flush(): Promise<void> {
    while (this.#count > 0) this.#printOldest();
  }

  async close(): Promise<void> {
    await this.flush();
    clearTimeout(this.#timer);
    this.#closed = true;
  }

  #line(span: FinishedSpan): TraceLine {
    const { context, tags } = span;
    const outcome = outcomeOf(span, kindOf(tags));
    const kind = tagOf(tags, SPAN_KIND);
    const status = tagOf(tags, HTTP_STATUS_CODE) ?? tagOf(tags, "http.response.status_code");
    return {
      traceId: traceIdHex(context),
      spanId: spanIdHex(context),
      parentSpanId: parentSpanIdHex(span),
      name: span.operationName,
      service: this.#service,
      kind: typeof kind === "string" ? kind : undefined,
      startTime: span.startTime,
      endTime: span.endTime,
      status: typeof status === "number" || typeof status === "string" ? status : undefined,
      error: outcome.code === 2 ? errorText(outcome.errorType, outcome.message) : undefined,
    };
  }

  #printLater(root: TraceLine): void {
    setTimeout(() => this.#printTree(root), REMOTE_PARENT_DELAY).unref();
  }

  /** Prints a root with what hangs on it, unless that is done, and leaves the rest of its trace waiting for other roots. */
  #printTree(root: TraceLine): void {
    const trace = this.#waiting.get(root.traceId);
    if (trace === undefined || !trace.lines.includes(root)) return;
    const tree = new Set([root.spanId]);
    // Children finish before their parents, most of them: from the last to the first, few rounds are needed.
    for (let size = 0; size !== tree.size; ) {
      size = tree.size;
      for (let i = trace.lines.length - 1; i >= 0; i--) {
        const { spanId, parentSpanId } = trace.lines[i]!;
        if (tree.has(parentSpanId!)) tree.add(spanId);
      }
    }
    const rest = trace.lines.filter(({ spanId }) => !tree.has(spanId));
    const printed = trace.lines.filter(({ spanId }) => tree.has(spanId));
    this.#count -= printed.length;
    if (rest.length === 0) this.#waiting.delete(root.traceId);
    else this.#waiting.set(root.traceId, { since: trace.since, lines: rest });
    this.#print(printed);
  }

  #printOldest(): void {
    for (const [traceId, { lines }] of this.#waiting) {
      this.#waiting.delete(traceId);
      this.#count -= lines.length;
      this.#print(lines);
      return;
    }
  }

  #print(lines: readonly TraceLine[]): void {
    const lost = (error: unknown): void => {
      warn("report.send_failed", "traces could not be printed", error, lines.length);
    };
    try {
      const text = traceText(lines, { colours: this.#colours });
      if (this.#stream instanceof EventEmitter) writeTo(this.#stream as Writable, text, lost);
      else this.#stream.write(text);
    } catch (error) {
      lost(error);
    }
  }

  #startTimer(): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const limit = performance.now() - this.#timeLimit;
      for (const { since } of this.#waiting.values()) {
        if (since > limit) break; // the map is in order of age
        this.#printOldest();
      }
      if (this.#count > 0) this.#startTimer();
    }, this.#timeLimit);
    this.#timer.unref();
  }
}

/**
 * Writes as Node's Console does: the `error` event that comes after a failed write, as where standard output is a pipe whose reader has
 * ended, is no uncaught exception. It is heard once, so that what others write fails as without us.
 */
function writeTo(stream: Writable, text: string, lost: (error: Error) => void): void {
  stream.write(text, (error) => {
    if (!error) return;
    if (stream.listenerCount("error") === 0) stream.once("error", () => {});
    lost(error);
  });
}

function errorText(type: string, message: string): string {
  return type === "_OTHER" || type === "" ? message : message === "" ? type : `${type}: ${message}`;
}

/** What Node makes of NO_COLOR, FORCE_COLOR and the terminal. */
function hasColours(stream: TextSink): boolean {
  const { isTTY, hasColors } = stream as TextSink & { hasColors?: () => boolean };
  return isTTY === true && typeof hasColors === "function" && hasColors.call(stream);
}
