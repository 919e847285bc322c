import { add } from '@tensorflow/tfjs-core';
import { Type } from 'typebox';
import type { HeadOffer } from '../model.ts';
import type { ParameterScope } from '../parameters.ts';
import { type FeatureLayer, linear } from './linear.ts';

/** The b that a head starts from, in [0, 1] of the image: about the spread of landmarks around their mean shape. */
const INITIAL_SCALE = 0.05;

/** The option of every head that can say how sure it is. */
export const uncertaintyOption = Type.Boolean({
  description: 'Also predict how far each landmark may be off; a loss such as laplace-nll teaches it.',
  default: false,
});

/** What a head with that option offers. */
export function coordinateOffers(uncertainty: boolean): readonly HeadOffer[] {
  return uncertainty ? ['coordinates', 'uncertainty'] : ['coordinates'];
}

/** ln b (`HeadOutput.logScale`) from features: `[.., from]` -> `[.., outputs]`. The same everywhere at first. */
export function logScaleLayer(scope: ParameterScope, from: number, outputs: number): FeatureLayer {
  const layer = linear(scope, from, outputs, { zero: true });
  return (features, pass) => add(layer(features, pass), Math.log(INITIAL_SCALE));
}
