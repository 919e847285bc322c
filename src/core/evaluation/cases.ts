import type { EvaluatedPrediction } from './prediction.ts';
import { commonUnit, type LengthUnit, meanError, radialErrors } from './radial-error.ts';

/** A test image worth looking at. */
export interface CaseChoice {
  readonly kind: 'best' | 'worst';
  readonly id: string;
  readonly meanError: number;
  readonly unit: LengthUnit;
}

/** The images with the smallest and the largest mean error, `count` of each at most, and none in both. */
export function chooseCases(predictions: readonly EvaluatedPrediction[], count = 4): CaseChoice[] {
  const unit = commonUnit(predictions);
  const ranked = predictions
    .flatMap((prediction) => {
      const error = meanError(radialErrors(prediction, unit));
      return error === undefined ? [] : [{ id: prediction.id, meanError: error, unit }];
    })
    .sort((a, b) => a.meanError - b.meanError);
  const best = ranked.slice(0, Math.min(count, Math.ceil(ranked.length / 2)));
  const worst = ranked.slice(best.length).slice(-count).reverse();
  return [
    ...best.map((choice) => ({ kind: 'best' as const, ...choice })),
    ...worst.map((choice) => ({ kind: 'worst' as const, ...choice })),
  ];
}
