/**
 * Everything that a run tells the world, in order. Metrics keep the same names in every run; `step` counts from the
 * run's beginning over all its stages, `RESULT_STEP` aside. An artifact's `path` is its name in the tracker (`report.html`,
 * `overlays/17.png`) and `file` is relative to the run folder, so that a run that has moved can still be sent. A table is
 * an artifact in JSON, `{ columns, data }`. A resumed run begins with a `run-start` of its own.
 */
export type TrackedItem =
  | { readonly kind: 'run-start'; readonly run: RunDescription }
  | { readonly kind: 'params'; readonly params: Readonly<Record<string, string>> }
  | { readonly kind: 'tags'; readonly tags: Readonly<Record<string, string>> }
  | { readonly kind: 'metrics'; readonly step: number; readonly metrics: Readonly<Record<string, number>> }
  | { readonly kind: 'dataset'; readonly dataset: TrackedDataset }
  | { readonly kind: 'artifact'; readonly path: string; readonly file: string }
  | { readonly kind: 'table'; readonly path: string; readonly file: string }
  | { readonly kind: 'image'; readonly image: TrackedImage }
  | { readonly kind: 'model'; readonly model: TrackedModel }
  | { readonly kind: 'run-end'; readonly status: RunStatus };

/** Of metrics that a run has one value of, at its end: MLflow draws bars for these, and a lone point at any other step. */
export const RESULT_STEP = 0;

export type RunStatus = 'finished' | 'failed' | 'killed';

export interface RunDescription {
  readonly name: string;
  readonly experiment: string;
  readonly recipeHash: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Absent for a run of its own. */
  readonly parent?: ParentRun;
}

/**
 * The run that a run is a part of, as a trial is of a sweep: by its id on the server, or by a key that all of its parts
 * share and under which the first that reaches the server makes it.
 */
export type ParentRun = { readonly runId: string } | { readonly key: string; readonly name: string };

/** One picture of a series that shows how something changes over the steps. */
export interface TrackedImage {
  /** Of the series: letters, digits, `_`, `-`, `.`, spaces and `/`. */
  readonly key: string;
  readonly step: number;
  /** A PNG and a small WebP of it, relative to the run folder. */
  readonly file: string;
  readonly preview: string;
}

/** Trained weights, with what it takes to use them. */
export interface TrackedModel {
  readonly name: string;
  /** Of the run, after which the weights were saved. */
  readonly step: number;
  readonly files: readonly { readonly path: string; readonly file: string }[];
  /** How to load it, for people and programs. */
  readonly flavor: Readonly<Record<string, string | number>>;
}

export interface TrackedDataset {
  readonly name: string;
  /** What the run used it for: labeled, unlabeled, validation, test. */
  readonly context: string;
  /** At most 36 characters, a function of the sample ids. */
  readonly digest: string;
  readonly sourceType: string;
  readonly source: string;
  readonly size: number;
}

/**
 * Sends what the journal holds to a server, from the beginning or from where it stopped. Sending twice changes
 * nothing. A run never waits for it and never fails because of it.
 */
export interface Tracker {
  /** For the run's header: `MLflow at http://…, experiment chest`. */
  readonly description: string;
  /** Begins to follow the journal of a run folder in the background; called before the run appends to it. */
  follow(runDirectory: string): void;
  /** Tries to deliver what is left, for at most `timeoutMs`, and follows no longer. Never throws. */
  flush(timeoutMs: number): Promise<DeliveryReport>;
}

export interface DeliveryReport {
  /** Items that this tracker delivered. */
  readonly sent: number;
  /** Items that only the journal has, those included that the server refused. */
  readonly unsent: number;
  /** Why something is unsent, one line; how to look at the run where there is no server. */
  readonly message: string;
  /** Address of the run's page, where there is one. */
  readonly url?: string;
}
