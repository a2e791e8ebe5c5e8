// Other tracers for Node: jaeger-client, dd-trace, and OpenTelemetry's SDK.

import { join } from "node:path";
import type { PropagatorName } from "node-opentracing";
import { startChild } from "../child.js";
import { installed } from "../node-packages.js";
import type { Part, Stage } from "../part.js";
import { checkChains, type PeerChain } from "../peer-chain.js";

/** A folder of `interop/node/`, and what its service can do. */
interface NodePeer {
  readonly name: string;
  readonly folder: string;
  readonly program: string;
  readonly formats: Readonly<Partial<Record<PropagatorName, Omit<PeerChain, "peer" | "format" | "start">>>>;
}

const PEERS: readonly NodePeer[] = [
  { name: "jaeger-client 3", folder: "jaeger-client", program: "jaeger-client/service.mjs", formats: { jaeger: {} } },
];

export const part: Part = {
  name: "node-peers",
  light: true,
  async run(stage) {
    for (const peer of PEERS) await checkPeer(stage, peer);
  },
};

async function checkPeer(stage: Stage, peer: NodePeer): Promise<void> {
  const { packages, node } = await installed(stage, peer.folder);
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
