import { stringify } from 'csv-stringify/sync';
import type { KnownRadii } from './known-radii.ts';
import type { FilePrediction } from './predict-files.ts';

const COLUMNS = [
  'image',
  'landmark',
  'x_px',
  'y_px',
  'x_mm',
  'y_mm',
  'spread_px',
  'radius_px',
  'radius_mm',
  'radius_level',
];

/** A predicted landmark; what is not known is null. Positions are from the centre of the first pixel. */
interface LandmarkRecord {
  readonly name: string;
  readonly xPx: number;
  readonly yPx: number;
  readonly xMm: number | null;
  readonly yMm: number | null;
  readonly spreadPx: number | null;
  /** The true landmark lies so near in a share `radiusLevel` of images like those of the training. */
  readonly radiusPx: number | null;
  readonly radiusMm: number | null;
  readonly radiusLevel: number | null;
}

export type PredictionFormat = 'csv' | 'json';

/**
 * The text of a file of predictions.
 * @param radii what is known of the errors, in the order of the landmarks.
 */
export function formatPredictions(
  format: PredictionFormat,
  predictions: readonly FilePrediction[],
  landmarkNames: readonly string[],
  radii?: KnownRadii,
): string {
  const records = predictions.map((prediction) => landmarkRecords(prediction, landmarkNames, radii));
  return format === 'csv' ? csv(predictions, records) : json(predictions, records);
}

/** A line a landmark; empty where something is not known. */
function csv(predictions: readonly FilePrediction[], records: readonly LandmarkRecord[][]): string {
  const rows = predictions.flatMap(({ id }, image) =>
    records[image]!.map((landmark) => [id, ...Object.values(landmark)]),
  );
  return stringify(rows, { header: true, columns: COLUMNS });
}

/** An entry an image: `{ image, width, height, landmarks: [{ name, xPx, yPx, … }] }`. */
function json(predictions: readonly FilePrediction[], records: readonly LandmarkRecord[][]): string {
  const images = predictions.map(({ id: image, width, height }, index) => ({
    ...{ image, width, height },
    landmarks: records[index],
  }));
  return `${JSON.stringify(images, null, 2)}\n`;
}

function landmarkRecords(
  { landmarks, spacing, spreadPx }: FilePrediction,
  landmarkNames: readonly string[],
  radii: KnownRadii | undefined,
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
      ...radiusRecord(radii?.radii[landmark] ?? null, radii, spacing?.xMm),
    };
  });
}

/** @param spacingMm the side of a pixel; in the other unit a radius is known only with it. */
function radiusRecord(
  radius: number | null,
  radii: KnownRadii | undefined,
  spacingMm: number | undefined,
): Pick<LandmarkRecord, 'radiusPx' | 'radiusMm' | 'radiusLevel'> {
  if (radius === null || radii === undefined) return { radiusPx: null, radiusMm: null, radiusLevel: null };
  const inOtherUnit = (factor: number | undefined) =>
    factor === undefined ? null : rounded(radius * factor);
  const radiusLevel = radii.level;
  if (radii.unit === 'px')
    return { radiusPx: rounded(radius), radiusMm: inOtherUnit(spacingMm), radiusLevel };
  const perMm = spacingMm === undefined ? undefined : 1 / spacingMm;
  return { radiusPx: inOtherUnit(perMm), radiusMm: rounded(radius), radiusLevel };
}

/** A ten-thousandth of a pixel is far below what a network can tell. */
function rounded(value: number): number {
  return Number(value.toFixed(4));
}
