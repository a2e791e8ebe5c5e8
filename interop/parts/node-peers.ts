// Other tracers for Node: jaeger-client, dd-trace, and OpenTelemetry's SDK.

import type { PropagatorName } from "node-opentracing";
import { startChild } from "../child.js";
import { node24, packagesOf } from "../node-packages.js";
import type { Part, Stage } from "../part.js";
import { checkChains, type PeerChain, unsupportedChain } from "../peer-chain.js";

/** A service in `interop/node/`, and what it can do. */
interface NodePeer {
  readonly name: string;
  /** The folder that locks its packages. */
  readonly packages: string;
  /** Whether it needs a newer Node than ours does. */
  readonly needsNode24?: boolean;
  readonly program: string;
  readonly formats: Readonly<Partial<Record<PropagatorName, Traits>>>;
  /** Why it has not a format that its like have. */
  readonly without?: Readonly<Partial<Record<PropagatorName, string>>>;
}

type Traits = Omit<PeerChain, "peer" | "format" | "start">;

const OPENTELEMETRY: NodePeer["formats"] = {
  tracecontext: {},
  b3: {},
  b3multi: {},
  ottrace: { bits: 64 },
  xray: {},
};

const DATADOG: NodePeer["formats"] = {
  datadog: {},
  tracecontext: {},
  b3: {},
  b3multi: {},
};

const PEERS: readonly NodePeer[] = [
  {
    name: "OpenTelemetry SDK 2",
    packages: "opentelemetry-2",
    program: "opentelemetry/service.mjs",
    formats: { ...OPENTELEMETRY, jaeger: {} },
  },
  {
    name: "OpenTelemetry SDK 3",
    packages: "opentelemetry-3",
    needsNode24: true,
    program: "opentelemetry/service.mjs",
    formats: OPENTELEMETRY,
    without: { jaeger: "OpenTelemetry's propagator for Jaeger ended with SDK 2" },
  },
  { name: "dd-trace 5", packages: "dd-trace-5", program: "dd-trace/service.mjs", formats: DATADOG },
  {
    name: "dd-trace 6",
    packages: "dd-trace-6",
    needsNode24: true,
    program: "dd-trace/service.mjs",
    formats: DATADOG,
  },
  {
    name: "jaeger-client 3",
    packages: "jaeger-client",
    program: "jaeger-client/service.mjs",
    formats: { jaeger: {} },
  },
];

export const part: Part = {
  name: "node-peers",
  light: true,
  async run(stage) {
    for (const peer of PEERS) await checkPeer(stage, peer);
  },
};

async function checkPeer(stage: Stage, peer: NodePeer): Promise<void> {
  const { name, program, formats, without = {} } = peer;
  const folder = await packagesOf(stage, peer.packages);
  const node = peer.needsNode24 ? await node24(stage) : process.execPath;
  for (const [format, traits] of Object.entries(formats)) {
    await checkChains(stage, {
      ...traits,
      peer: name,
      format: format as PropagatorName,
      start: (environment) =>
        startChild(node, [`interop/node/${program}`], { env: { ...environment, PACKAGES: folder } }),
    });
  }
  for (const [format, reason] of Object.entries(without)) {
    unsupportedChain(stage, name, format as PropagatorName, reason);
  }
}
