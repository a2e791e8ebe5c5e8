// What a part of the interop run is, and what it is given: one part a real system.

/** A real system that ours is run against: a file of `parts/`, which exports it as `part`. */
export interface Part {
  readonly name: string;
  /** Whether npm and PyPI are all that it needs: `--light` runs these alone. */
  readonly light: boolean;
  /** Milliseconds for all of it, downloads and builds included: 10 minutes by default. Beyond, the part has failed. */
  readonly timeLimit?: number | undefined;
  /** A rejection fails the part, whatever its checks said. A part that checked nothing, or never said what it ran, has failed too. */
  run(stage: Stage): Promise<void>;
}

/** What a part reports to, and asks for. */
export interface Stage {
  /** Prints and records what was started, and its version. Once a pair. */
  started(what: string, version: string): void;
  /** Runs a check, of five minutes at most; its outcome is a cell: ok, or FAIL with the error printed. Never rejects. */
  check(row: Row, run: () => void | Promise<void>): Promise<void>;
  /** A cell that cannot be had, with the reason: a sentence. */
  unsupported(row: Row, reason: string): void;
  /** A folder of this name, made, that is kept between runs: outside the repository. */
  cache(name: string): string;
  /** Hands a clean-up to be run at the end of the part, last first, whatever happened. */
  defer(undo: () => void | Promise<void>): void;
}

/** Where in the table an outcome stands. */
export interface Row {
  readonly peer: string;
  readonly format: string;
  /** `ours → peer → ours`, for one. */
  readonly direction: string;
  /** The column: `kept`, `dropped`, `baggage`, `spans read back`. */
  readonly what: string;
}
