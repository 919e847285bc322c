import type { PixelSpacing, Point } from '../data/dataset.ts';
import { RunError } from '../errors.ts';
import type { EvaluatedPrediction } from './prediction.ts';

/** The unit that errors and radii are stated in. */
export type LengthUnit = 'mm' | 'px';

/** Errors of one image, one entry a landmark; `null` where the landmark is not labeled. */
export type LandmarkErrors = readonly (number | null)[];

const ONE_PIXEL: PixelSpacing = { xMm: 1, yMm: 1 };

/** Distance between two pixel positions, in mm; anisotropic spacing scales each axis by its own. */
export function distanceMm([ax, ay]: Point, [bx, by]: Point, spacing: PixelSpacing): number {
  return Math.hypot((ax - bx) * spacing.xMm, (ay - by) * spacing.yMm);
}

/** Distance between two pixel positions, in pixels of the original image. */
export function distancePx(a: Point, b: Point): number {
  return distanceMm(a, b, ONE_PIXEL);
}

/** Millimetres when every image has a pixel spacing, else pixels: the two are never mixed in one mean. */
export function commonUnit(predictions: readonly EvaluatedPrediction[]): LengthUnit {
  return predictions.every((prediction) => prediction.spacing !== undefined) ? 'mm' : 'px';
}

/** Spacing that turns pixels into the unit. */
export function spacingFor(prediction: EvaluatedPrediction, unit: LengthUnit): PixelSpacing {
  if (unit === 'px') return ONE_PIXEL;
  if (prediction.spacing === undefined) throw new RangeError(`${prediction.id} has no pixel spacing`);
  return prediction.spacing;
}

/**
 * Radial error of every labeled landmark of one image.
 * @throws {RunError} `FSX_PREDICTION_NOT_FINITE` when the model gave NaN or an infinity.
 */
export function radialErrors(prediction: EvaluatedPrediction, unit: LengthUnit): LandmarkErrors {
  const spacing = spacingFor(prediction, unit);
  return prediction.truth.map((truth, landmark) => {
    if (truth === null) return null;
    const predicted = prediction.landmarks[landmark];
    if (predicted === undefined || !predicted.every(Number.isFinite)) {
      throw new RunError(
        'FSX_PREDICTION_NOT_FINITE',
        `the prediction of landmark ${landmark} in image ${prediction.id} is not a number`,
        {
          suggestion:
            'The training has probably diverged: look at the loss curve and lower the learning rate.',
        },
      );
    }
    return distanceMm(predicted, truth, spacing);
  });
}

/** Mean over the labeled landmarks of one image; `undefined` when it has none. */
export function meanError(errors: LandmarkErrors): number | undefined {
  const known = errors.filter((error) => error !== null);
  return known.length === 0 ? undefined : mean(known);
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Of a sample (n - 1); 0 for one value. */
export function standardDeviation(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const centre = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1));
}
