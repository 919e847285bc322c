import { DataError } from '../errors.ts';
import type { EvaluatedPrediction } from './prediction.ts';
import { distanceMm, type LengthUnit, spacingFor } from './radial-error.ts';

/**
 * The distance that an error is divided by: the diagonal of the image, the diagonal of the box around the true
 * landmarks, or the distance between two named true landmarks.
 */
export type NmeReference =
  | 'image-diagonal'
  | 'bounding-box-diagonal'
  | { readonly between: readonly [string, string] };

export function referenceName(reference: NmeReference): string {
  return typeof reference === 'string'
    ? reference.replaceAll('-', ' ')
    : `distance from ${reference.between[0]} to ${reference.between[1]}`;
}

/**
 * The reference distance of one image, in the unit; `undefined` where its landmarks are not labeled or coincide.
 * @throws {DataError} `FSX_UNKNOWN_LANDMARK` when the reference names a landmark that the dataset does not have.
 */
export function referenceDistance(
  prediction: EvaluatedPrediction,
  unit: LengthUnit,
  reference: NmeReference,
  landmarkNames: readonly string[],
): number | undefined {
  const ends = referenceEnds(prediction, reference, landmarkNames);
  if (ends === undefined) return undefined;
  const distance = distanceMm(ends[0], ends[1], spacingFor(prediction, unit));
  return distance > 0 ? distance : undefined;
}

type Segment = readonly [EvaluatedPrediction['landmarks'][number], EvaluatedPrediction['landmarks'][number]];

function referenceEnds(
  { width, height, truth }: EvaluatedPrediction,
  reference: NmeReference,
  landmarkNames: readonly string[],
): Segment | undefined {
  if (reference === 'image-diagonal')
    return [
      [0, 0],
      [width, height],
    ];
  if (reference === 'bounding-box-diagonal') {
    const known = truth.filter((point) => point !== null);
    const xs = known.map(([x]) => x);
    const ys = known.map(([, y]) => y);
    return [
      [Math.min(...xs), Math.min(...ys)],
      [Math.max(...xs), Math.max(...ys)],
    ];
  }
  const [from, to] = reference.between.map((name) => truth[indexOf(name, landmarkNames)]);
  return from && to ? [from, to] : undefined;
}

function indexOf(name: string, landmarkNames: readonly string[]): number {
  const index = landmarkNames.indexOf(name);
  if (index >= 0) return index;
  throw new DataError(
    'FSX_UNKNOWN_LANDMARK',
    `the normalised error's reference names the landmark '${name}'`,
    {
      suggestion: `The dataset's landmarks are: ${landmarkNames.join(', ')}.`,
    },
  );
}
