// Elastic APM with every transaction sampled, without metrics.

import { requirePeer } from "../places.ts";
import type { Started } from "./variant.ts";

export function start(sink: number): Started {
  const agent = requirePeer("elastic")("elastic-apm-node").start({
    serviceName: "bench",
    serverUrl: `http://127.0.0.1:${sink}`,
    metricsInterval: "0s",
    centralConfig: false,
    cloudProvider: "none",
    logLevel: "off",
    transactionSampleRate: 1,
    apmServerVersion: "8.15.0",
  });
  return {
    child: (name, work) => {
      const span = agent.startSpan(name);
      span?.addLabels({ order_id: 42, tenant: "acme", cached: false });
      const result = work();
      span?.end();
      return result;
    },
  };
}
