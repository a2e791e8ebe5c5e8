// Which processors the benchmark uses: two, of different cores where there are such.

import { existsSync, readFileSync } from "node:fs";

/** The processors that share a core with this one, and itself, as Linux lists them: `0,64`. Empty where the system does not tell. */
export function siblings(processor: string): string {
  const file = `/sys/devices/system/cpu/cpu${processor}/topology/thread_siblings_list`;
  return existsSync(file) ? readFileSync(file, "utf8").trim() : "";
}

/** The first processor that a process with this /proc/PID/status may use, and the next, of another core if there is one. Undefined where it has no two. */
export function twoProcessors(
  status: string,
  siblingsOf: (processor: string) => string,
): readonly [first: string, second: string] | undefined {
  const [first, ...others] = expanded(/^Cpus_allowed_list:\s*(\S+)/m.exec(status)?.[1] ?? "");
  if (first === undefined || others[0] === undefined) return undefined;
  const beside = expanded(siblingsOf(first));
  return [first, others.find((one) => !beside.includes(one)) ?? others[0]];
}

/** `0-2,5` as `["0", "1", "2", "5"]`. */
function expanded(list: string): string[] {
  return list.split(",").flatMap((range) => {
    const [from, to = from] = range.split("-").map(Number) as [number, number?];
    return range === "" ? [] : Array.from({ length: to - from + 1 }, (_, i) => String(from + i));
  });
}
