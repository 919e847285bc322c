import { readFile, writeFile } from 'node:fs/promises';
import { parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import type { Point } from '../data/dataset.ts';
import { RunError } from '../errors.ts';
import type { EvaluatedPrediction } from './prediction.ts';
import { radialErrors } from './radial-error.ts';

/** Whose landmarks they are: one of the two networks, an ensemble, or the mean of the labeled training shapes. */
export const PREDICTION_SETS = ['teacher', 'student', 'ensemble', 'meanShape'] as const;
export type PredictionSet = (typeof PREDICTION_SETS)[number];

/** What each set says of the test images. */
export type PredictionSets = { readonly [set in PredictionSet]?: readonly EvaluatedPrediction[] };

/** Of `predictions.csv`. */
export const PREDICTION_COLUMNS = [
  'image',
  'landmark',
  'x_px',
  'y_px',
  'x_true',
  'y_true',
  'error_px',
  'error_mm',
  'weights',
] as const;

type Row = Record<(typeof PREDICTION_COLUMNS)[number], string>;

/** One labeled point as `predictions.csv` holds it. */
export interface PredictionRow {
  readonly image: string;
  readonly landmark: string;
  readonly truth: Point;
  readonly errorPx: number;
  readonly errorMm?: number;
}

/** Writes `predictions.csv`: a line a landmark, image and set; truth and errors are empty where there is no label. */
export async function writePredictionsCsv(
  file: string,
  sets: PredictionSets,
  landmarkNames: readonly string[],
): Promise<void> {
  const records = predictionRecords(sets, landmarkNames);
  await writeFile(file, stringify(records, { header: true, columns: [...PREDICTION_COLUMNS] }));
}

/** The rows of `predictions.csv`, a value a column. */
export function predictionRecords(
  sets: PredictionSets,
  landmarkNames: readonly string[],
): (string | number | null)[][] {
  return PREDICTION_SETS.flatMap((set) =>
    (sets[set] ?? []).flatMap((prediction) => recordsOf(prediction, set, landmarkNames)),
  );
}

/**
 * Reads the labeled points of one set back.
 * @throws {RunError} `FSX_PREDICTIONS_UNREADABLE` when the file is absent, cut short or not such a file.
 */
export async function readPredictionsCsv(file: string, set: PredictionSet): Promise<PredictionRow[]> {
  const rows = await parseRows(file);
  return rows
    .filter((row) => row.weights === set && row.error_px !== '')
    .map((row) => ({
      image: row.image,
      landmark: row.landmark,
      truth: [Number(row.x_true), Number(row.y_true)],
      errorPx: Number(row.error_px),
      ...(row.error_mm === '' ? {} : { errorMm: Number(row.error_mm) }),
    }));
}

async function parseRows(file: string): Promise<Row[]> {
  try {
    const rows: Row[] = parse(await readFile(file), { columns: true, bom: true });
    const missing = PREDICTION_COLUMNS.filter((column) => rows[0] !== undefined && !(column in rows[0]));
    if (missing.length > 0) throw new TypeError(`columns are missing: ${missing.join(', ')}`);
    return rows;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RunError('FSX_PREDICTIONS_UNREADABLE', `${file} cannot be read: ${reason}`, {
      cause,
      suggestion:
        'Has the run finished? `fsx resume RUN` finishes it, and `fsx evaluate RUN --output DIR` writes its predictions anew.',
    });
  }
}

function recordsOf(
  prediction: EvaluatedPrediction,
  set: PredictionSet,
  landmarkNames: readonly string[],
): (string | number | null)[][] {
  const errorsPx = radialErrors(prediction, 'px');
  const errorsMm = prediction.spacing === undefined ? [] : radialErrors(prediction, 'mm');
  return landmarkNames.map((name, landmark) => {
    const [x, y] = prediction.landmarks[landmark] ?? [null, null];
    const [trueX, trueY] = prediction.truth[landmark] ?? [null, null];
    const errors = [errorsPx[landmark] ?? null, errorsMm[landmark] ?? null];
    return [prediction.id, name, x, y, trueX, trueY, ...errors, set].map(rounded);
  });
}

/** A millionth of a pixel is enough, and keeps the file small. */
function rounded(value: string | number | null): string | number | null {
  return typeof value === 'number' ? Number(value.toFixed(6)) : value;
}
