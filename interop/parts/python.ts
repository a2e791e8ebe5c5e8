// Python: the original, tornado_opentracing on Tornado 5.1, and a current Tornado with OpenTelemetry's instrumentation.

import type { PropagatorName } from "node-opentracing";
import { startChild } from "../child.js";
import { startOwnTornadoService } from "../own-tornado-service.js";
import type { Part } from "../part.js";
import { checkChains, type PeerChain } from "../peer-chain.js";
import { pythonWith } from "../python-packages.js";

/** A program of `interop/python/`, with the packages of one list. */
interface PythonPeer {
  readonly name: string;
  readonly program: string;
  readonly packages: string;
  readonly formats: Readonly<Partial<Record<PropagatorName, Traits>>>;
  /** Whether it is the original of our Tornado-style host, which then is our service too. */
  readonly isOriginal?: boolean;
}

type Traits = Omit<PeerChain, "peer" | "format" | "start">;

const PEERS: readonly PythonPeer[] = [
  {
    name: "tornado_opentracing with basictracer",
    program: "original.py",
    packages: "basictracer",
    isOriginal: true,
    formats: { ottrace: { bits: 64 } },
  },
  {
    name: "tornado_opentracing with jaeger-client",
    program: "original.py",
    packages: "jaeger-client",
    isOriginal: true,
    formats: { jaeger: {} },
  },
  {
    name: "Tornado 6 with OpenTelemetry",
    program: "current.py",
    packages: "opentelemetry",
    formats: {
      tracecontext: { plainBaggage: "OpenTelemetry for Python writes a blank as +, which means + in W3C Baggage" },
      b3: {},
      b3multi: {},
      jaeger: { noBaggage: "its propagator looks for uberctx- in lower case, where Tornado's headers have Uberctx-" },
    },
  },
];

const TORNADO_STYLE: PeerChain["ours"] = { name: "Tornado-style ours", start: startOwnTornadoService };

export const part: Part = {
  name: "python",
  light: true,
  async run(stage) {
    for (const { name, program, packages, formats, isOriginal } of PEERS) {
      const python = await pythonWith(stage, packages);
      for (const [format, traits] of Object.entries(formats)) {
        const chain: PeerChain = {
          ...traits,
          peer: name,
          format: format as PropagatorName,
          start: (environment) => startChild(python, [`interop/python/${program}`], { env: { ...environment } }),
        };
        await checkChains(stage, chain);
        if (isOriginal) await checkChains(stage, { ...chain, ours: TORNADO_STYLE });
      }
    }
  },
};
