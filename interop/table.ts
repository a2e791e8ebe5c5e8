// What the parts reported, as Markdown: one table a part.

import { type Cell, type PartResult, passed } from "./run-parts.js";

/** A part's section: what was run, the table, and why cells are not supported. */
export function section({ part, started, cells, failure }: PartResult): string {
  const reasons = [...new Set(cells.filter(({ outcome }) => outcome === "not supported").map(({ reason }) => reason!))];
  const columns = [...new Set(cells.map(({ what }) => what))];
  const rows = [...new Set(cells.map(rowName))].map((name) => {
    const ofRow = cells.filter((cell) => rowName(cell) === name);
    const [{ peer, format, direction }] = ofRow as [Cell];
    return [
      peer,
      format,
      direction,
      ...columns.map((what) =>
        shown(
          ofRow.filter((cell) => cell.what === what),
          reasons,
        ),
      ),
    ];
  });
  return [
    `### ${part}`,
    ...(started.length > 0
      ? started
          .map(([what, version]) => `- ${what}: ${version}`)
          .join("\n")
          .split("\n\n")
      : []),
    ...(rows.length > 0 ? [table([["peer", "format", "direction", ...columns], ...rows])] : []),
    ...reasons
      .map((reason, i) => `(${i + 1}) Not supported by the peer: ${reason}.`)
      .join("\n")
      .split("\n\n")
      .filter(Boolean),
    ...(failure === undefined ? [] : [`FAIL: ${failure.split("\n")[0]}`]),
  ].join("\n\n");
}

/** One line about all of it. */
export function summary(results: readonly PartResult[]): string {
  const cells = results.flatMap((result) => result.cells);
  const count = (outcome: Cell["outcome"]): number => cells.filter((cell) => cell.outcome === outcome).length;
  const failed = results.filter((result) => !passed(result)).map(({ part }) => part);
  const counts = `${count("ok")} ok, ${count("not supported")} not supported by the peer, ${count("FAIL")} FAIL`;
  return failed.length === 0 ? counts : `${counts}; failed: ${failed.join(", ")}`;
}

function rowName({ peer, format, direction }: Cell): string {
  return JSON.stringify([peer, format, direction]);
}

/** What was checked several times is as good as its worst outcome. */
function shown(cells: readonly Cell[], reasons: readonly string[]): string {
  if (cells.some(({ outcome }) => outcome === "FAIL")) return "FAIL";
  const lack = cells.find(({ outcome }) => outcome === "not supported");
  if (lack !== undefined) return `not supported (${reasons.indexOf(lack.reason!) + 1})`;
  return cells.length > 0 ? "ok" : "";
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  const [head, ...body] = rows.map(line);
  return [head, rule, ...body].join("\n");
}
