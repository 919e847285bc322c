import { stringify } from 'csv-stringify/sync';
import type { FilePrediction } from './predict-files.ts';

const COLUMNS = ['image', 'landmark', 'x_px', 'y_px', 'x_mm', 'y_mm', 'spread_px'];

/** A predicted landmark; what is not known is null. Positions are from the centre of the first pixel. */
interface LandmarkRecord {
  readonly name: string;
  readonly xPx: number;
  readonly yPx: number;
  readonly xMm: number | null;
  readonly yMm: number | null;
  readonly spreadPx: number | null;
}

export type PredictionFormat = 'csv' | 'json';

/** The text of a file of predictions. */
export function formatPredictions(
  format: PredictionFormat,
  predictions: readonly FilePrediction[],
  landmarkNames: readonly string[],
): string {
  return format === 'csv' ? csv(predictions, landmarkNames) : json(predictions, landmarkNames);
}

/** A line a landmark; empty where the spacing or the spread is not known. */
function csv(predictions: readonly FilePrediction[], landmarkNames: readonly string[]): string {
  const rows = predictions.flatMap((prediction) =>
    landmarkRecords(prediction, landmarkNames).map((landmark) => [prediction.id, ...Object.values(landmark)]),
  );
  return stringify(rows, { header: true, columns: COLUMNS });
}

/** An entry an image: `{ image, width, height, landmarks: [{ name, xPx, yPx, xMm, yMm, spreadPx }] }`. */
function json(predictions: readonly FilePrediction[], landmarkNames: readonly string[]): string {
  const images = predictions.map((prediction) => {
    const { id: image, width, height } = prediction;
    return { image, width, height, landmarks: landmarkRecords(prediction, landmarkNames) };
  });
  return `${JSON.stringify(images, null, 2)}\n`;
}

function landmarkRecords(
  { landmarks, spacing, spreadPx }: FilePrediction,
  landmarkNames: readonly string[],
): LandmarkRecord[] {
  return landmarkNames.map((name, landmark) => {
    const [x, y] = landmarks[landmark]!;
    return {
      name,
      xPx: rounded(x),
      yPx: rounded(y),
      xMm: spacing === undefined ? null : rounded(x * spacing.xMm),
      yMm: spacing === undefined ? null : rounded(y * spacing.yMm),
      spreadPx: spreadPx === undefined ? null : rounded(spreadPx[landmark]!),
    };
  });
}

/** A ten-thousandth of a pixel is far below what a network can tell. */
function rounded(value: number): number {
  return Number(value.toFixed(4));
}
