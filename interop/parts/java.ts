// Java: a service traced by Brave, and one of Spring Boot with Brave as its tracer.

import { join } from "node:path";
import { downloading, made } from "../cache.js";
import { runCommand, startChild } from "../child.js";
import type { Part, Stage } from "../part.js";
import { checkChains, type PeerChain } from "../peer-chain.js";
import { sourcesOf } from "../sources.js";

/** What of a chain differs from format to format. */
type Traits = Pick<PeerChain, "peer" | "format" | "joins">;

/** Brave's servers share the span of their client, where the format lets them, unless they are told not to. */
const BRAVE: readonly Traits[] = [
  { peer: "Java, Brave, joining", format: "b3", joins: true },
  { peer: "Java, Brave, joining", format: "b3multi", joins: true },
  { peer: "Java, Brave", format: "b3" },
  { peer: "Java, Brave", format: "b3multi" },
  { peer: "Java, Brave", format: "xray" },
];

const SPRING_BOOT: readonly Traits[] = [
  { peer: "Java, Spring Boot", format: "tracecontext" },
  { peer: "Java, Spring Boot", format: "b3" },
  { peer: "Java, Spring Boot", format: "b3multi" },
];

export const part: Part = {
  name: "java",
  light: false,
  timeLimit: 1_200_000,
  async run(stage) {
    await checkProgram(stage, "brave", "interop.BravePeer", BRAVE);
    await checkProgram(stage, "spring-boot", "interop.SpringBootPeer", SPRING_BOOT);
  },
};

async function checkProgram(stage: Stage, name: string, main: string, chains: readonly Traits[]): Promise<void> {
  const folder = await built(stage, name);
  const classPath = `${join(folder, "classes")}:${join(folder, "dependency", "*")}`;
  // It lives for two requests: the optimizing compiler would only delay its start.
  const args = ["-XX:TieredStopAtLevel=1", "-cp", classPath, main];
  for (const traits of chains) {
    const start: PeerChain["start"] = (environment) =>
      startChild("java", args, { env: { ...environment, JOIN: traits.joins ? "1" : "0" } });
    await checkChains(stage, { ...traits, start });
  }
}

/** By two goals alone: the rest of Maven's life cycle would download plug-ins for what is not there, as tests. */
async function built(stage: Stage, name: string): Promise<string> {
  const source = join("interop", "java", name);
  return made(stage.cache(`java-${name}`), sourcesOf(source), async (folder) => {
    const goals = ["compiler:compile", "dependency:copy-dependencies", "-DincludeScope=runtime"];
    const args = ["--batch-mode", "--quiet", ...goals, `-Doutput=${folder}`];
    await downloading(`the Java modules of ${name}`, () => runCommand("mvn", args, { cwd: source }));
  });
}
