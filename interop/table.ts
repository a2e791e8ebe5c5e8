// What the parts reported, as Markdown: one table a part.

import { type Cell, type PartResult, passed } from "./run-part.js";

/** A part's section: what was run, the table, and why some of it is not supported. */
export function section({ part, started, cells, failure }: PartResult): string {
  const reasons = [...new Set(cells.filter(({ outcome }) => outcome === "not supported").map(({ reason }) => reason!))];
  const blocks = [
    `## ${part}`,
    versions(started),
    table(cells, reasons),
    reasons.map((reason, i) => `(${i + 1}) Not supported: ${reason}.`).join("  \n"),
    failure === undefined ? "" : `FAIL: ${failure.split("\n")[0]}`,
  ];
  return blocks.filter((block) => block !== "").join("\n\n");
}

/** One line about all of it. */
export function summary(results: readonly PartResult[]): string {
  const cells = results.flatMap((result) => result.cells);
  const count = (outcome: Cell["outcome"]): number => cells.filter((cell) => cell.outcome === outcome).length;
  const failed = results.filter((result) => !passed(result)).map(({ part }) => part);
  const counts = `${count("ok")} ok, ${count("not supported")} not supported by the peer, ${count("FAIL")} FAIL`;
  return failed.length === 0 ? counts : `${counts}; failed: ${failed.join(", ")}`;
}

/** A line for each that was started, with every library that any of its processes named. */
function versions(started: PartResult["started"]): string {
  const names = [...new Set(started.map(([what]) => what))];
  const lines = names.map((name) => {
    const libraries = started.filter(([what]) => what === name).flatMap(([, version]) => version.split(", "));
    return `- ${name}: ${[...new Set(libraries)].join(", ")}`;
  });
  return lines.join("\n");
}

function table(cells: readonly Cell[], reasons: readonly string[]): string {
  if (cells.length === 0) return "";
  const columns = [...new Set(cells.map(({ what }) => what))];
  const rows = [...grouped(cells).values()].map((ofRow) => {
    const { peer, format, direction } = ofRow[0]!;
    const shown = columns.map((what) =>
      outcomeOf(
        ofRow.filter((cell) => cell.what === what),
        reasons,
      ),
    );
    return [peer, format, direction, ...shown];
  });
  return aligned([["peer", "format", "direction", ...columns], ...rows]);
}

function grouped(cells: readonly Cell[]): Map<string, Cell[]> {
  const rows = new Map<string, Cell[]>();
  for (const cell of cells) rows.set(rowName(cell), [...(rows.get(rowName(cell)) ?? []), cell]);
  return rows;
}

function rowName({ peer, format, direction }: Cell): string {
  return JSON.stringify([peer, format, direction]);
}

/** What was checked several times is as good as its worst outcome. */
function outcomeOf(cells: readonly Cell[], reasons: readonly string[]): string {
  if (cells.some(({ outcome }) => outcome === "FAIL")) return "FAIL";
  const lack = cells.find(({ outcome }) => outcome === "not supported");
  if (lack !== undefined) return `not supported (${reasons.indexOf(lack.reason!) + 1})`;
  return cells.length > 0 ? "ok" : "";
}

function aligned(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  const [head, ...body] = rows.map(line);
  return [head, rule, ...body].join("\n");
}
