import {
  type NamedTensorMap,
  type Tensor1D,
  type Tensor2D,
  type Tensor4D,
  tensor1d,
  tensor2d,
  tensor4d,
  tidy,
} from '@tensorflow/tfjs-core';
import type { ImageSize } from '../data/image-size.ts';
import type { Engine, TensorFunction } from '../engine/engine.ts';
import { forwardPass, unflatten } from '../nn/forward.ts';
import type { LandmarkModel } from '../nn/landmark-model.ts';

/** Flat parameters and statistics of one network. */
export interface NetworkWeights {
  readonly parameters: Float32Array;
  readonly statistics: Float32Array;
}

/** Images of one call; the last one's empty places are filled up, so that one program serves all. One image goes alone. */
const BATCH = 16;

/** Landmarks of images, by a model in inference mode. */
export class Predictor {
  readonly #run: TensorFunction;
  readonly #size: ImageSize;
  readonly #meanShape: Float32Array;
  readonly #landmarkCount: number;

  /** @param meanShape `[landmarks, 2]`, in the frame. */
  constructor(engine: Engine, model: LandmarkModel, size: ImageSize, meanShape: Float32Array) {
    this.#size = size;
    this.#meanShape = meanShape;
    this.#landmarkCount = meanShape.length / 2;
    this.#run = engine.compile('prediction', (inputs) => predict(model, inputs));
  }

  /**
   * @param views standardised images `[height, width]`, as `makeView` gives them.
   * @returns `[landmarks, 2]` a view, in [0, 1] of it.
   */
  predict(weights: NetworkWeights, views: readonly Float32Array[]): Float32Array[] {
    return tidy(() => {
      const constants = {
        parameters: tensor1d(weights.parameters),
        statistics: tensor1d(weights.statistics),
        meanShape: tensor2d(this.#meanShape, [this.#landmarkCount, 2]),
      };
      const batch = views.length === 1 ? 1 : BATCH;
      const found: Float32Array[] = [];
      for (let first = 0; first < views.length; first += batch) {
        found.push(...this.#predictBatch(constants, views.slice(first, first + batch), batch));
      }
      return found;
    });
  }

  #predictBatch(constants: NamedTensorMap, views: readonly Float32Array[], batch: number): Float32Array[] {
    const { width, height } = this.#size;
    const pixels = new Float32Array(batch * width * height);
    for (const [slot, view] of views.entries()) pixels.set(view, slot * width * height);
    const values = tidy(() => {
      const images = tensor4d(pixels, [batch, height, width, 1]);
      return this.#run({ ...constants, images }).landmarks!.dataSync() as Float32Array;
    });
    const perView = this.#landmarkCount * 2;
    return views.map((_, slot) => values.slice(slot * perView, (slot + 1) * perView));
  }
}

function predict(model: LandmarkModel, inputs: NamedTensorMap): NamedTensorMap {
  const { layout } = model;
  const parameters = unflatten(inputs.parameters as Tensor1D, layout.parameters);
  const statistics = unflatten(inputs.statistics as Tensor1D, layout.statistics);
  const pass = forwardPass(layout, parameters, statistics);
  const { landmarks } = model.forward(inputs.images as Tensor4D, inputs.meanShape as Tensor2D, pass);
  return { landmarks };
}
