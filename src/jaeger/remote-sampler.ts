// Sampling as Jaeger's sampling manager says: asked now and then, and followed until the next answer.

import { AsyncResource } from "node:async_hooks";
import { warn } from "../diagnostics.ts";
import { guard } from "../guard.ts";
import { type Check, checkOptions, isCount, isFunction, isText } from "../settings.ts";
import type { TraceContext } from "../trace-context.ts";
import { hostInUrl, hostPortUrl, isHost, isHostPort } from "./host.ts";
import { isLogger, type Logger, tell } from "./logger.ts";
import { PerOperationSampler } from "./per-operation-sampler.ts";
import {
  isSampler,
  type JaegerSampler,
  ProbabilisticSampler,
  RateLimitingSampler,
  type SamplerTags,
} from "./samplers.ts";
import { type Strategy, strategyOf } from "./strategy.ts";
import { requestStrategy } from "./strategy-request.ts";

export interface RemoteSamplerOptions {
  /** Decides until the first answer: a thousandth of all traces by default. */
  readonly sampler?: JaegerSampler | undefined;
  /** `host:port`, or a URL: `http://jaeger:5778/sampling`. Wins over `host` and `port`. Without a port 5778, or 443 of https. */
  readonly hostPort?: string | undefined;
  /** `localhost` by default. */
  readonly host?: string | undefined;
  /** 5778 by default. */
  readonly port?: number | undefined;
  /** `/sampling` by default, or the path of a URL in `hostPort`; Jaeger 2 also has `/api/sampling`. */
  readonly samplingPath?: string | undefined;
  /** Milliseconds between two questions, 60,000 by default; 0 for not asking at all. */
  readonly refreshInterval?: number | undefined;
  /** Operations with a lower bound of their own, 2,000 by default. */
  readonly maxOperations?: number | undefined;
  /** Called after each answer that was understood, with what is now in force. */
  readonly onSamplerUpdate?: ((sampler: JaegerSampler) => void) | undefined;
  /** Its `error` is told what failed. */
  readonly logger?: Logger | undefined;
  /** Not used: see `diagnostics()`. */
  readonly metrics?: unknown;
}

const isInterval: Check = (value) =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 31
    ? undefined
    : "whole milliseconds, from 0 to 2^31 - 1";
const isPort: Check = (value) =>
  Number.isInteger(value) && (value as number) > 0 && (value as number) < 65_536 ? undefined : "a port";

export const REMOTE_CHECKS: Readonly<Record<keyof RemoteSamplerOptions, Check>> = {
  sampler: isSampler,
  hostPort: isHostPort,
  host: isHost,
  port: isPort,
  samplingPath: isText,
  refreshInterval: isInterval,
  maxOperations: isCount,
  onSamplerUpdate: isFunction,
  logger: isLogger,
  metrics: () => undefined,
};

/**
 * Asks at once and then in intervals. A question that fails is counted (`sampler.refresh_failed`) and asked again after
 * the interval; until then the last answer holds. Its timers and connections do not keep the process alive.
 */
export class RemoteSampler implements JaegerSampler {
  readonly #serviceName: string;
  readonly #url: URL;
  readonly #maxOperations: number;
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #logger: Logger | undefined;
  readonly #updated: ((sampler: JaegerSampler, nothing: undefined) => void) | undefined;
  #sampler: JaegerSampler;
  #breakOff: (() => void) | undefined;

  /** Throws a TypeError that says what to write instead where an option is wrong. */
  constructor(serviceName: string, options: RemoteSamplerOptions = {}) {
    checkOptions("new RemoteSampler(serviceName, options)", options, REMOTE_CHECKS);
    this.#serviceName = serviceName;
    const { onSamplerUpdate, logger, metrics } = options;
    if (metrics) warn("settings.ignored", "new RemoteSampler(serviceName, options) makes no use of options.metrics");
    this.#logger = logger;
    if (onSamplerUpdate) this.#updated = guard(onSamplerUpdate, undefined, "onSamplerUpdate");
    this.#url = urlOf(serviceName, options);
    this.#maxOperations = options.maxOperations ?? 2_000;
    this.#sampler = options.sampler ?? new ProbabilisticSampler(0.001);
    const interval = options.refreshInterval ?? 60_000;
    if (interval === 0) return;
    // A timer made inside a request must not keep that request's context.
    const context = new AsyncResource("node-opentracing.RemoteSampler", { requireManualDestroy: true });
    this.#timer = context.runInAsyncScope(() => {
      this.#refresh();
      return setInterval(() => this.#refresh(), interval).unref();
    });
  }

  decide(context: Readonly<TraceContext>, operationName: string): SamplerTags | undefined {
    return this.#sampler.decide(context, operationName);
  }

  toString(): string {
    return `RemoteSampler(serviceName=${this.#serviceName})`;
  }

  close(callback?: () => void): void {
    clearInterval(this.#timer);
    this.#breakOff?.();
    this.#breakOff = undefined;
    callback?.();
  }

  #refresh(): void {
    if (this.#breakOff !== undefined) return; // the last question has still some seconds to be answered
    try {
      this.#breakOff = requestStrategy(this.#url, (answer) => this.#answered(answer));
    } catch (error) {
      this.#failed(error); // http.get itself, which others may have patched
    }
  }

  #answered(answer: string | Error): void {
    this.#breakOff = undefined;
    try {
      if (answer instanceof Error) throw answer;
      this.#follow(strategyOf(answer));
    } catch (error) {
      this.#failed(error);
      return;
    }
    this.#updated?.(this.#sampler, undefined);
  }

  #follow(strategy: Strategy): void {
    const now = this.#sampler;
    switch (strategy.kind) {
      case "operations":
        if (now instanceof PerOperationSampler) now.update(strategy.strategies);
        else this.#sampler = new PerOperationSampler(strategy.strategies, this.#maxOperations);
        break;
      case "share":
        this.#sampler = new ProbabilisticSampler(strategy.samplingRate);
        break;
      case "rate":
        // The same limit goes on, or each answer would let a new burst through.
        if (now instanceof RateLimitingSampler && now.maxTracesPerSecond === strategy.maxTracesPerSecond) break;
        this.#sampler = new RateLimitingSampler(strategy.maxTracesPerSecond);
        break;
    }
  }

  #failed(error: unknown): void {
    const { origin, pathname } = this.#url;
    const text = `${origin}${pathname} did not say how to sample; it is asked again, until then nothing changes`;
    warn("sampler.refresh_failed", text, error);
    tell(() => this.#logger?.error(`${text} (${String(error)})`));
  }
}

function urlOf(
  serviceName: string,
  { hostPort, host = "localhost", port = 5778, samplingPath }: RemoteSamplerOptions,
): URL {
  const text = hostPort ?? `${hostInUrl(host)}:${port}`;
  const url = new URL(hostPortUrl(text));
  // A URL drops the port that its scheme has anyway: 80 is then what was meant. No manager speaks https at 5778 by itself.
  if (url.protocol === "http:" && url.port === "" && !/:\d+(\/|$)/.test(text)) url.port = "5778";
  if (samplingPath !== undefined || url.pathname === "/") url.pathname = samplingPath ?? "/sampling";
  url.searchParams.set("service", serviceName);
  return url;
}
