import type { Point } from '../../data/dataset.ts';
import type { CaseChoice } from '../cases.ts';
import type { MetricsFile } from '../metrics-schema.ts';
import type { PredictionSets } from '../predictions-csv.ts';
import type { EdgeMatrix } from './edge-graph.ts';
import type { TrainingCurve } from './training-curves.ts';

export interface StageFacts {
  readonly name: string;
  readonly steps: number;
  readonly seconds: number;
}

/** What the head of a report says of the run. */
export interface RunFacts {
  readonly name: string;
  readonly recipeHash: string;
  readonly commit: string | undefined;
  readonly seed: number;
  /** The engine and why it was chosen, e.g. `native (CPU)`. */
  readonly engine: string;
  readonly parameterCount: number;
  readonly dataset: string;
  readonly setSizes: Readonly<Record<'labeled' | 'unlabeled' | 'validation' | 'test', number>>;
  readonly stages: readonly StageFacts[];
}

/** A case with its drawing. */
export interface ReportCase extends CaseChoice {
  /** PNG of the overlay, relative to the run folder. */
  readonly file: string;
}

/** Everything that a report shows, as plain data. */
export interface ReportInput {
  readonly facts: RunFacts;
  readonly landmarkNames: readonly string[];
  readonly metrics: MetricsFile;
  readonly predictions: PredictionSets;
  /** Steps count through all stages. */
  readonly curves: readonly TrainingCurve[];
  readonly edgeMatrices: readonly EdgeMatrix[];
  /** `[landmarks]`, y downwards; any unit whose two axes have the same scale (pixels of the working image). */
  readonly meanShape: readonly Point[];
  readonly cases: readonly ReportCase[];
  /** The resolved recipe, as YAML. */
  readonly recipe: string;
}
