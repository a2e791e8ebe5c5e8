// Go: net/http services traced by opentracing-go and go-stdlib, and by OpenTelemetry's otelhttp.

import { join } from "node:path";
import type { PropagatorName } from "node-opentracing";
import { downloading, made } from "../cache.js";
import { runCommand, startChild } from "../child.js";
import type { Part, Stage } from "../part.js";
import { checkChains, type PeerChain } from "../peer-chain.js";
import { sourcesOf } from "../sources.js";

const FOLDER = "interop/go";

/** A program below `interop/go`, and what it is with one format. */
interface GoPeer extends Omit<PeerChain, "format" | "start"> {
  readonly program: "opentracing" | "otelhttp";
}

const PEERS: readonly (readonly [PropagatorName, GoPeer])[] = [
  ["ottrace", { program: "opentracing", peer: "Go, basictracer", bits: 64 }],
  ["jaeger", { program: "opentracing", peer: "Go, jaeger-client" }],
  ["tracecontext", { program: "otelhttp", peer: "Go, otelhttp" }],
  ["b3", { program: "otelhttp", peer: "Go, otelhttp" }],
  ["b3multi", { program: "otelhttp", peer: "Go, otelhttp" }],
  ["jaeger", { program: "otelhttp", peer: "Go, otelhttp", noBaggage: "its Jaeger propagator has no baggage" }],
  [
    "ottrace",
    {
      program: "otelhttp",
      peer: "Go, otelhttp",
      bits: 64,
      plainBaggage: "its ot propagator writes values as they are, and reads percent-encoded ones alone",
    },
  ],
  ["xray", { program: "otelhttp", peer: "Go, otelhttp" }],
];

export const part: Part = {
  name: "go",
  light: false,
  timeLimit: 1_200_000,
  async run(stage) {
    const programs = await built(stage);
    for (const [format, { program, ...chain }] of PEERS) {
      const start: PeerChain["start"] = (environment) =>
        startChild(join(programs, program), [], { env: { ...environment } });
      await checkChains(stage, { ...chain, format, start });
    }
  },
};

async function built(stage: Stage): Promise<string> {
  const version = await runCommand("go", ["version"]);
  return made(stage.cache("go"), [version, ...sourcesOf(FOLDER)], async (programs) => {
    await downloading("the Go modules", () => runCommand("go", ["mod", "download"], { cwd: FOLDER }));
    await runCommand("go", ["build", "-trimpath", "-o", programs, "./opentracing", "./otelhttp"], { cwd: FOLDER });
  });
}
