// A plot of what each variant adds: a row a variant, a line from the lowest to the highest value, a dot at the median. As SVG text.

import type { Summary } from "../statistics.ts";

export interface Mark {
  /** The series: a release of Node. */
  readonly series: string;
  readonly summary: Summary;
}

export interface Row {
  readonly label: string;
  readonly marks: readonly Mark[];
}

const COLOURS = ["#1b6ec2", "#c2571b", "#2a8a4a", "#7a3fb0", "#0e7c86", "#b0327a", "#8a6d1b", "#6b6b6b"];
const LEFT = 300;
const WIDTH = 900;
const RIGHT = 70;
const TOP = 64;
const LINE = 16;
const GAP = 10;

/** On a logarithmic axis, for variants differ by a factor of hundred; values below its beginning are drawn there. */
export function plot(title: string, unit: string, rows: readonly Row[]): string {
  const highest = Math.max(...rows.flatMap(({ marks }) => marks.map(({ summary }) => summary.highest)), 1);
  const [from, to] = [-1, Math.ceil(Math.log10(highest))];
  const x = (value: number): number =>
    LEFT + ((Math.log10(Math.max(value, 0.1)) - from) / (to - from)) * (WIDTH - LEFT - RIGHT);
  const series = [...new Set(rows.flatMap(({ marks }) => marks.map((mark) => mark.series)))];
  const parts: string[] = [];
  let y = TOP;
  for (const { label, marks } of rows) {
    const height = Math.max(marks.length, 1) * LINE;
    parts.push(text(LEFT - 12, y + height / 2 + 4, label, "end"));
    for (const [i, { series: name, summary }] of marks.entries()) {
      const colour = COLOURS[series.indexOf(name) % COLOURS.length]!;
      const at = y + i * LINE + LINE / 2;
      parts.push(
        `<line x1="${n(x(summary.lowest))}" x2="${n(x(summary.highest))}" y1="${at}" y2="${at}" stroke="${colour}" stroke-width="3" stroke-opacity="0.4"/>`,
        `<circle cx="${n(x(summary.median))}" cy="${at}" r="4" fill="${colour}"/>`,
        text(x(summary.highest) + 8, at + 4, summary.median < 0.1 ? "below 0.1" : summary.median.toFixed(1), "start"),
      );
    }
    y += height + GAP;
  }
  const axis: string[] = [];
  for (let power = from; power <= to; power++) {
    const at = n(x(10 ** power));
    axis.push(`<line x1="${at}" x2="${at}" y1="${TOP - 8}" y2="${y}" stroke="#ddd"/>`);
    axis.push(text(x(10 ** power), y + 16, `${10 ** power}`, "middle"));
  }
  const legend = series.map((name, i) => {
    const at = Math.min(LEFT, WIDTH - 140 * series.length) + i * 140;
    return `<circle cx="${at}" cy="42" r="4" fill="${COLOURS[i % COLOURS.length]}"/>${text(at + 9, 46, name, "start")}`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y + 44}" font-family="sans-serif" font-size="12">`,
    `<title>${escaped(title)}: ${escaped(unit)}</title>`,
    `<rect width="${WIDTH}" height="${y + 44}" fill="#fff"/>`,
    text(16, 24, title, "start", 'font-size="15" font-weight="bold"'),
    ...legend,
    ...axis,
    ...parts,
    text((LEFT + WIDTH - RIGHT) / 2, y + 34, unit, "middle"),
    "</svg>",
    "",
  ].join("\n");
}

function text(x: number, y: number, content: string, anchor: string, more = ""): string {
  return `<text x="${n(x)}" y="${n(y)}" text-anchor="${anchor}" fill="#222"${more && ` ${more}`}>${escaped(content)}</text>`;
}

function escaped(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

function n(value: number): string {
  return value.toFixed(1).replace(/\.0$/, "");
}
