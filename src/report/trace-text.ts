// Spans as a picture for the terminal: a tree for each trace, with durations, statuses and errors.

/** One span, as little as the picture needs. Other programs can make these from whatever they have. */
export interface TraceLine {
  readonly traceId: string;
  readonly spanId: string;
  /** "" or absent for a root. */
  readonly parentSpanId?: string | undefined;
  readonly name: string;
  readonly service?: string | undefined;
  /** `server`, `client`, `producer`, `consumer`. */
  readonly kind?: string | undefined;
  /** Milliseconds since any moment, the same for all lines. */
  readonly startTime: number;
  readonly endTime: number;
  /** An HTTP status, or the like. */
  readonly status?: string | number | undefined;
  /** What went wrong: "" where that is not known, undefined where nothing did. */
  readonly error?: string | undefined;
}

export interface TraceTextOptions {
  /** Whether to colour it with ANSI escape sequences: false by default. */
  readonly colours?: boolean | undefined;
}

/**
 * Draws traces, each under a heading, with when a span began and how long it took at the right:
 *
 *     trace 4bf92f3577b34da6a3ce929d0e0e4736
 *     shop    GET /orders/:id  server 500  ✗ TypeError      0.00 ms   41.90 ms
 *     shop    └─ GET  client 200                            1.10 ms   40.22 ms
 *     orders     └─ GET /stock  server 200                  2.31 ms   38.05 ms
 *
 * Children stand in the order in which they began; a span whose parent is not among the lines is marked `(parent elsewhere)`.
 */
export function traceText(lines: readonly TraceLine[], options: TraceTextOptions = {}): string {
  const paint = options.colours === true ? coloured : plain;
  const traces = grouped([...lines].sort(byStart), ({ traceId }) => traceId);
  let text = "";
  for (const [traceId, spans] of traces)
    text += `${paint(BOLD, `trace ${clean(traceId)}`)}\n${drawTrace(spans, paint)}`;
  return text;
}

type Paint = (style: string, text: string) => string;

const BOLD = "1";
const DIM = "2";
const RED = "31";
const CYAN = "36";

interface Row {
  readonly line: TraceLine;
  readonly indent: string;
  readonly isOrphan: boolean;
}

function drawTrace(spans: readonly TraceLine[], paint: Paint): string {
  const rows = rowsOf(spans);
  const start = spans[0]!.startTime;
  const serviceWidth = rows.reduce((width, { line }) => Math.max(width, clean(line.service ?? "").length), 0);
  const width = rows.reduce((widest, row) => Math.max(widest, body(row, plain).length), 0);
  let text = "";
  for (const row of rows) {
    const { line } = row;
    const service = serviceWidth === 0 ? "" : `${paint(CYAN, clean(line.service ?? "").padEnd(serviceWidth))}  `;
    const padding = " ".repeat(width - body(row, plain).length);
    const times = `${duration(line.startTime - start)}  ${duration(line.endTime - line.startTime)}`;
    text += `${service}${body(row, paint)}${padding}  ${paint(DIM, times)}\n`;
  }
  return text;
}

function body({ line, indent, isOrphan }: Row, paint: Paint): string {
  let text = `${paint(DIM, indent)}${clean(line.name)}`;
  const facts = [line.kind, line.status]
    .filter((fact) => fact !== undefined && fact !== "")
    .map((fact) => clean(String(fact)));
  if (facts.length > 0) text += `  ${paint(DIM, facts.join(" "))}`;
  if (line.error !== undefined) text += `  ${paint(RED, `✗ ${clean(line.error) || "error"}`)}`;
  if (isOrphan) text += `  ${paint(DIM, "(parent elsewhere)")}`;
  return text;
}

/** The lines in the order of the picture. Without recursion, and each but once: chains may be long, ids may repeat. */
function rowsOf(spans: readonly TraceLine[]): Row[] {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const children = grouped(spans, (span) => span.parentSpanId ?? "");
  const rows: Row[] = [];
  const drawn = new Set<TraceLine>();

  function drawFrom(root: TraceLine): void {
    const stack = [{ line: root, branch: "", below: "" }];
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      const { line, branch, below } = next;
      if (drawn.has(line)) continue;
      drawn.add(line);
      const parent = line.parentSpanId ?? "";
      rows.push({ line, indent: branch, isOrphan: line === root && parent !== "" });
      const inner = children.get(line.spanId) ?? [];
      for (let i = inner.length - 1; i >= 0; i--) {
        const isLast = i === inner.length - 1;
        stack.push({
          line: inner[i]!,
          branch: `${below}${isLast ? "└─ " : "├─ "}`,
          below: `${below}${isLast ? "   " : "│  "}`,
        });
      }
    }
  }

  for (const span of spans) if (!ids.has(span.parentSpanId ?? "")) drawFrom(span);
  // What is left hangs on itself: a circle of parents.
  for (const span of spans) if (!drawn.has(span)) drawFrom(span);
  return rows;
}

function duration(milliseconds: number): string {
  const shown = milliseconds >= 10_000 ? `${(milliseconds / 1000).toFixed(2)} s ` : `${milliseconds.toFixed(2)} ms`;
  return shown.padStart(10);
}

/** Names come from requests: no control characters of theirs may reach a terminal. */
function clean(text: string): string {
  return text.slice(0, 200).replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ");
}

function plain(_style: string, text: string): string {
  return text;
}

function coloured(style: string, text: string): string {
  return text === "" ? "" : `\u001b[${style}m${text}\u001b[0m`;
}

function byStart(a: TraceLine, b: TraceLine): number {
  return a.startTime - b.startTime;
}

function grouped(lines: readonly TraceLine[], keyOf: (line: TraceLine) => string): Map<string, TraceLine[]> {
  const groups = new Map<string, TraceLine[]>();
  for (const line of lines) {
    const key = keyOf(line);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [line]);
    else group.push(line);
  }
  return groups;
}
