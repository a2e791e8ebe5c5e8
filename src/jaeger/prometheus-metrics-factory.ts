// Stands where jaeger-client's metrics for Prometheus stood, so that the code which makes them still runs.

/** A metric that goes nowhere. */
export interface Metric {
  increment(delta?: number): void;
  update(value: number): void;
  record(value: number): void;
}

const NOWHERE: Metric = { increment() {}, update() {}, record() {} };

/**
 * Counts nothing: what tracing drops is counted by `diagnostics()` and published on a channel, which docs/diagnostics.md
 * joins to any metrics library. `initTracer` says so where it is given one.
 */
export class PrometheusMetricsFactory {
  /** @param _namespace what the names would have begun with */
  // biome-ignore lint/complexity/noUselessConstructor: typed callers hand it two arguments
  constructor(_promClient?: unknown, _namespace?: string) {}

  createCounter(_name: string, _tags?: object): Metric {
    return NOWHERE;
  }

  createGauge(_name: string, _tags?: object): Metric {
    return NOWHERE;
  }

  createTimer(_name: string, _tags?: object): Metric {
    return NOWHERE;
  }
}
