// Stands where jaeger-client's metrics for Prometheus stood, so that the code which makes them still runs.

export interface Counter {
  increment(delta?: number): void;
}
export interface Gauge {
  update(value: number): void;
}
export interface Timer {
  record(value: number): void;
}
/** What makes metrics, as `options.metrics` took it. */
export interface MetricsFactory {
  createCounter(name: string, tags?: object): Counter;
  createGauge(name: string, tags?: object): Gauge;
  createTimer(name: string, tags?: object): Timer;
}

const NOWHERE: Counter & Gauge & Timer = { increment() {}, update() {}, record() {} };

/**
 * Counts nothing: what tracing drops is counted by `diagnostics()` and published on a channel, which docs/diagnostics.md
 * joins to any metrics library. `initTracer` says so where it is given one.
 */
export class PrometheusMetricsFactory implements MetricsFactory {
  /** @param _namespace what the names would have begun with */
  // biome-ignore lint/complexity/noUselessConstructor: typed callers hand it two arguments
  constructor(_promClient?: unknown, _namespace?: string) {}

  createCounter(_name: string, _tags?: object): Counter {
    return NOWHERE;
  }

  createGauge(_name: string, _tags?: object): Gauge {
    return NOWHERE;
  }

  createTimer(_name: string, _tags?: object): Timer {
    return NOWHERE;
  }
}
