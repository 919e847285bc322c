import { readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { RunError } from '../errors.ts';
import type { Metrics, MetricsFile } from './metrics-schema.ts';
import { comparePaired, type PairedComparison } from './paired-comparison.ts';
import { type PredictionRow, type PredictionSet, readPredictionsCsv } from './predictions-csv.ts';
import { distancePx, type LengthUnit, mean } from './radial-error.ts';

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

interface LoadedRun {
  readonly directory: string;
  readonly metrics: Metrics;
  readonly pointsByImage: ReadonlyMap<string, readonly PredictionRow[]>;
}

/** Two labels of the same point may differ by the rounding of a file, in pixels. */
const SAME_POINT_PX = 0.01;

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
  const loaded = await Promise.all(unique.map((directory) => loadRun(directory, weights)));
  const [first] = loaded;
  if (first === undefined || loaded.length < 2) {
    throw new RunError('FSX_RUNS_NOT_COMPARABLE', 'a comparison needs two different runs', {
      suggestion: 'Name two run folders: `fsx compare runs/A runs/B`.',
    });
  }
  const images = [...first.pointsByImage.keys()].filter((image) =>
    loaded.every((run) => run.pointsByImage.has(image)),
  );
  for (const run of loaded.slice(1)) assertComparable(first, run, images);
  const { unit } = first.metrics;
  const names = distinctNames(unique);
  const referenceErrors = imageErrorsOf(first, images, unit);
  return {
    weights,
    unit,
    reference: names[0] as string,
    images,
    notices: notices(loaded, images, unit),
    runs: loaded.map((run, index) => {
      const imageErrors = imageErrorsOf(run, images, unit);
      return {
        name: names[index] as string,
        directory: run.directory,
        metrics: run.metrics,
        errors: images.flatMap((image) => errorsOf(run.pointsByImage.get(image) ?? [], unit)),
        imageErrors,
        meanImageError: mean(imageErrors),
        ...(index === 0 ? {} : { versusReference: comparePaired(referenceErrors, imageErrors) }),
      };
    }),
  };
}

async function loadRun(directory: string, weights: PredictionSet): Promise<LoadedRun> {
  const metrics = (await readMetrics(directory))[weights];
  if (metrics === undefined) {
    throw new RunError('FSX_RUN_UNREADABLE', `${directory} has no metrics of the ${weights}`, {
      suggestion: `Compare other weights (--weights ${weights === 'teacher' ? 'student' : 'teacher'}).`,
    });
  }
  const rows = await readPredictionsCsv(join(directory, 'predictions.csv'), weights);
  return { directory, metrics, pointsByImage: groupByImage(rows) };
}

function groupByImage(rows: readonly PredictionRow[]): Map<string, PredictionRow[]> {
  const groups = new Map<string, PredictionRow[]>();
  for (const row of rows) {
    const group = groups.get(row.image);
    if (group === undefined) groups.set(row.image, [row]);
    else group.push(row);
  }
  return groups;
}

async function readMetrics(directory: string): Promise<MetricsFile> {
  const file = join(directory, 'metrics.json');
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RunError('FSX_RUN_UNREADABLE', `${file} cannot be read: ${reason}`, {
      cause,
      suggestion:
        'Is this the folder of a finished run? `fsx resume RUN` finishes it, and `fsx evaluate RUN --output DIR` writes its metrics anew.',
    });
  }
}

function assertComparable(first: LoadedRun, other: LoadedRun, images: readonly string[]): void {
  const both = `${first.directory} and ${other.directory}`;
  if (first.metrics.unit !== other.metrics.unit) {
    throw new RunError('FSX_RUNS_NOT_COMPARABLE', `${both} state errors in different units (mm and px)`, {
      suggestion: 'Give both datasets the pixel spacing, evaluate again with `fsx evaluate`, then compare.',
    });
  }
  if (images.length === 0) {
    throw new RunError('FSX_RUNS_NOT_COMPARABLE', `${both} have no test image in common`, {
      suggestion: 'Evaluate both runs on the same images with `fsx evaluate RUN --data …`, then compare.',
    });
  }
  for (const image of images) {
    const [ours, theirs] = [first, other].map((run) => run.pointsByImage.get(image) ?? []);
    if (ours && theirs && sameTruth(ours, theirs)) continue;
    throw new RunError(
      'FSX_RUNS_NOT_COMPARABLE',
      `${both} have different true landmarks for image ${image}`,
      {
        suggestion:
          'The runs were evaluated on different datasets or labels: evaluate them again on the same one.',
      },
    );
  }
}

function sameTruth(ours: readonly PredictionRow[], theirs: readonly PredictionRow[]): boolean {
  const byName = new Map(theirs.map((row) => [row.landmark, row.truth]));
  return (
    ours.length === theirs.length &&
    ours.every(({ landmark, truth }) => {
      const other = byName.get(landmark);
      return other !== undefined && distancePx(truth, other) <= SAME_POINT_PX;
    })
  );
}

function errorsOf(rows: readonly PredictionRow[], unit: LengthUnit): number[] {
  return rows.map((row) => (unit === 'mm' ? (row.errorMm ?? Number.NaN) : row.errorPx));
}

function imageErrorsOf(run: LoadedRun, images: readonly string[], unit: LengthUnit): number[] {
  return images.map((image) => mean(errorsOf(run.pointsByImage.get(image) ?? [], unit)));
}

function notices(runs: readonly LoadedRun[], images: readonly string[], unit: LengthUnit): string[] {
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
