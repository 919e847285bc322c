/** How much is measured. */
export interface BenchOptions {
  /** Every case, not only those that matter most. */
  readonly all: boolean;
  /** Tiny cases, to see that everything runs; its numbers say nothing. */
  readonly quick: boolean;
  readonly rounds: number;
  /** Peers by name; all that a case has by default when left out. */
  readonly peers?: readonly string[];
  readonly threads: number;
  /** For files that the parts make; removed at the end. */
  readonly scratch: string;
}

export interface Table {
  readonly caption: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** What a part of the benchmarks found. */
export interface Findings {
  /** Markdown, before the tables. */
  readonly text: string;
  readonly tables: readonly Table[];
  /** What was measured, for `performance.json`. */
  readonly measurements: unknown;
}

/** A part of the benchmarks, to be called by its name. */
export interface Part {
  readonly title: string;
  measure(options: BenchOptions): Promise<Findings>;
}
