import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RunError } from '../errors.ts';
import type { Metrics, MetricsFile } from './metrics-schema.ts';
import { type PredictionRow, type PredictionSet, readPredictionsCsv } from './predictions-csv.ts';
import { distancePx, mean } from './radial-error.ts';

/** What a finished run, or a folder of `fsx evaluate`, says of its test images. */
export interface RunResults {
  readonly directory: string;
  /** Of the weights that were asked for. */
  readonly metrics: Metrics;
  /** Of the mean shape of the labeled images; absent in a file that was written without. */
  readonly meanShape: Metrics | undefined;
  readonly pointsByImage: ReadonlyMap<string, readonly PredictionRow[]>;
}

/** Two labels of the same point may differ by the rounding of a file, in pixels. */
const SAME_POINT_PX = 0.01;

/** @throws {RunError} `FSX_RUN_UNREADABLE`, `FSX_PREDICTIONS_UNREADABLE`. */
export async function readRunResults(directory: string, weights: PredictionSet): Promise<RunResults> {
  const file = await readMetrics(directory);
  const metrics = file[weights];
  if (metrics === undefined) {
    throw new RunError('FSX_RUN_UNREADABLE', `${directory} has no metrics of the ${weights}`, {
      suggestion: `Compare other weights (--weights ${weights === 'teacher' ? 'student' : 'teacher'}).`,
    });
  }
  const rows = await readPredictionsCsv(join(directory, 'predictions.csv'), weights);
  return { directory, metrics, meanShape: file.meanShape, pointsByImage: groupByImage(rows) };
}

/**
 * The test images that every run has, in the order of the first.
 * @throws {RunError} `FSX_RUNS_NOT_COMPARABLE` when there is none, their truth differs, or the units do.
 */
export function commonImages(runs: readonly RunResults[]): string[] {
  const [first, ...others] = runs as [RunResults, ...RunResults[]];
  const images = [...first.pointsByImage.keys()].filter((image) =>
    others.every((run) => run.pointsByImage.has(image)),
  );
  for (const run of others) assertComparable(first, run, images);
  return images;
}

/** Errors of the labeled points of some images, in the unit of the run's metrics. */
export function pointErrors(run: RunResults, images: readonly string[]): number[] {
  return images.flatMap((image) => errorsOf(run, image));
}

/** Mean error of each of some images, in the unit of the run's metrics. */
export function imageErrors(run: RunResults, images: readonly string[]): number[] {
  return images.map((image) => mean(errorsOf(run, image)));
}

function errorsOf({ metrics, pointsByImage }: RunResults, image: string): number[] {
  const rows = pointsByImage.get(image) ?? [];
  return rows.map((row) => (metrics.unit === 'mm' ? (row.errorMm ?? Number.NaN) : row.errorPx));
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

function assertComparable(first: RunResults, other: RunResults, images: readonly string[]): void {
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
