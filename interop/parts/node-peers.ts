// Other tracers for Node: jaeger-client, dd-trace, and OpenTelemetry's SDK.

import { join } from "node:path";
import type { PropagatorName } from "node-opentracing";
import { startChild } from "../child.js";
import { installed } from "../node-packages.js";
import type { Part, Stage } from "../part.js";
import { checkChains, type PeerChain } from "../peer-chain.js";

/** A service in `interop/node/`, and what it can do. */
interface NodePeer {
  readonly name: string;
  /** The folder that locks its packages, and brings its Node where it needs one. */
  readonly packages: string;
  readonly program: string;
  readonly formats: Readonly<Partial<Record<PropagatorName, Traits>>>;
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
    program: "opentelemetry/service.mjs",
    formats: OPENTELEMETRY,
  },
  { name: "dd-trace 5", packages: "dd-trace-5", program: "dd-trace/service.mjs", formats: DATADOG },
  { name: "dd-trace 6", packages: "dd-trace-6", program: "dd-trace/service.mjs", formats: DATADOG },
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
  const { packages, node } = await installed(stage, peer.packages);
  const program = join("interop", "node", peer.program);
  for (const [format, traits] of Object.entries(peer.formats)) {
    await checkChains(stage, {
      ...traits,
      peer: peer.name,
      format: format as PropagatorName,
      start: (environment) => startChild(node, [program], { env: { ...environment, PACKAGES: packages } }),
    });
  }
}
