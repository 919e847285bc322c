import { basename, resolve } from 'node:path';
import { RunError } from '../errors.ts';
import type { Metrics } from './metrics-schema.ts';
import { comparePaired, type PairedComparison } from './paired-comparison.ts';
import type { PredictionSet } from './predictions-csv.ts';
import { type LengthUnit, mean } from './radial-error.ts';
import { commonImages, imageErrors, pointErrors, type RunResults, readRunResults } from './run-results.ts';

/** One run's numbers beside the reference's. */
export interface ComparedRun {
  readonly name: string;
  readonly directory: string;
  /** The run's own `metrics.json`, over all of its test images. */
  readonly metrics: Metrics;
  /** Errors of the labeled points of the common images, in the unit of the comparison. */
  readonly errors: readonly number[];
  /** Mean error of each common image, in the order of `Comparison.images`. */
  readonly imageErrors: readonly number[];
  /** Mean over the common images of their mean errors. */
  readonly meanImageError: number;
  /** Absent for the reference itself. */
  readonly versusReference?: PairedComparison;
}

export interface Comparison {
  readonly weights: PredictionSet;
  readonly unit: LengthUnit;
  readonly reference: string;
  /** The test images that every run has: all pairing is over these. */
  readonly images: readonly string[];
  /** What a reader must know: an intersection, a unit. */
  readonly notices: readonly string[];
  readonly runs: readonly ComparedRun[];
}

export interface ComparisonOptions {
  readonly weights: PredictionSet;
  /** Run folder to compare the others with; the first one when not given. */
  readonly reference?: string;
}

/**
 * Compares runs on the test images that they share, image by image.
 *
 * @throws {RunError} `FSX_RUN_UNREADABLE`, `FSX_PREDICTIONS_UNREADABLE` when a run has no usable results;
 * `FSX_RUNS_NOT_COMPARABLE` when no test image is common, the truth of a common one differs, or the units do.
 */
export async function compareRuns(
  directories: readonly string[],
  { weights, reference }: ComparisonOptions,
): Promise<Comparison> {
  const unique = [
    ...new Set([...(reference === undefined ? [] : [reference]), ...directories].map((run) => resolve(run))),
  ];
  const loaded = await Promise.all(unique.map((directory) => readRunResults(directory, weights)));
  const [first] = loaded;
  if (first === undefined || loaded.length < 2) {
    throw new RunError('FSX_RUNS_NOT_COMPARABLE', 'a comparison needs two different runs', {
      suggestion: 'Name two run folders: `fsx compare runs/A runs/B`.',
    });
  }
  const images = commonImages(loaded);
  const { unit } = first.metrics;
  const names = distinctNames(unique);
  const referenceErrors = imageErrors(first, images);
  return {
    weights,
    unit,
    reference: names[0] as string,
    images,
    notices: notices(loaded, images, unit),
    runs: loaded.map((run, index) => {
      const errors = imageErrors(run, images);
      return {
        name: names[index] as string,
        directory: run.directory,
        metrics: run.metrics,
        errors: pointErrors(run, images),
        imageErrors: errors,
        meanImageError: mean(errors),
        ...(index === 0 ? {} : { versusReference: comparePaired(referenceErrors, errors) }),
      };
    }),
  };
}

function notices(runs: readonly RunResults[], images: readonly string[], unit: LengthUnit): string[] {
  const sizes = runs.map((run) => run.pointsByImage.size);
  const partial = sizes.some((size) => size !== images.length);
  return [
    ...(partial
      ? [
          `The runs have different test images (${sizes.join(', ')}): differences, p-values and curves are over the ` +
            `${images.length} that all have; the other columns are each run's own.`,
        ]
      : []),
    ...(unit === 'px' ? ['The pixel spacing is unknown: lengths are in pixels of the original images.'] : []),
  ];
}

/** Folder names, with as much of the path as it takes to tell them apart. */
function distinctNames(directories: readonly string[]): string[] {
  const short = directories.map((directory) => basename(directory));
  return new Set(short).size === short.length ? short : [...directories];
}
