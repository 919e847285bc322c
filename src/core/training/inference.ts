import {
  dispose,
  type NamedTensorMap,
  type Tensor,
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

/** From images `[batch, height, width, 1]` to landmarks `[batch, landmarks, 2]`. */
type Network = (images: Tensor4D) => Tensor;

/** Landmarks of images, by a model in inference mode. */
export class Predictor {
  readonly #networkOf: (weights: NetworkWeights) => Network;
  readonly #size: ImageSize;
  readonly #landmarkCount: number;

  /**
   * @param meanShape `[landmarks, 2]`, in the frame.
   * @param weights whether they change while the model is used, as in training. Those that are fixed become part of a
   *   program each, which runs faster and takes as long to prepare as the first images of a training.
   */
  constructor(
    engine: Engine,
    model: LandmarkModel,
    size: ImageSize,
    meanShape: Float32Array,
    weights: 'changing' | 'fixed' = 'changing',
  ) {
    this.#size = size;
    this.#landmarkCount = meanShape.length / 2;
    this.#networkOf = (weights === 'fixed' ? fixedNetworks : changingNetwork)(engine, model, meanShape);
  }

  /**
   * @param views standardised images `[height, width]`, as `makeView` gives them.
   * @returns `[landmarks, 2]` a view, in [0, 1] of it.
   */
  async predict(weights: NetworkWeights, views: readonly Float32Array[]): Promise<Float32Array[]> {
    const batch = views.length === 1 ? 1 : BATCH;
    const found = tidy(() => {
      const network = this.#networkOf(weights);
      return Array.from({ length: Math.ceil(views.length / batch) }, (_, index) => {
        const some = views.slice(index * batch, (index + 1) * batch);
        return tidy(() => network(this.#imagesOf(some, batch)));
      });
    });
    const landmarks = await Promise.all(found.map((tensor) => tensor.data<'float32'>()));
    dispose(found);
    const perView = this.#landmarkCount * 2;
    return views.map((_, index) => {
      const slot = index % batch;
      return landmarks[Math.floor(index / batch)]!.slice(slot * perView, (slot + 1) * perView);
    });
  }

  /** `[batch, height, width, 1]`, with nothing in the places that no view fills. */
  #imagesOf(views: readonly Float32Array[], batch: number): Tensor4D {
    const { width, height } = this.#size;
    const pixels = new Float32Array(batch * width * height);
    for (const [slot, view] of views.entries()) pixels.set(view, slot * width * height);
    return tensor4d(pixels, [batch, height, width, 1]);
  }
}

type NetworkMaker = (
  engine: Engine,
  model: LandmarkModel,
  meanShape: Float32Array,
) => (weights: NetworkWeights) => Network;

/** One program for all weights. */
const changingNetwork: NetworkMaker = (engine, model, meanShape) => {
  const run = engine.compile('prediction', (inputs) => predict(model, inputs));
  return (weights) => {
    const constants = tensorsOf(weights, meanShape);
    return (images) => run({ ...constants, images }).landmarks!;
  };
};

/** A program for each weights, which are numbers in it. */
const fixedNetworks: NetworkMaker = (engine, model, meanShape) => {
  const programs = new Map<NetworkWeights, TensorFunction>();
  return (weights) => {
    const run =
      programs.get(weights) ??
      engine.compile('prediction', (images) =>
        predict(model, { ...images, ...tensorsOf(weights, meanShape) }),
      );
    programs.set(weights, run);
    return (images) => run({ images }).landmarks!;
  };
};

function tensorsOf({ parameters, statistics }: NetworkWeights, meanShape: Float32Array): NamedTensorMap {
  return {
    parameters: tensor1d(parameters),
    statistics: tensor1d(statistics),
    meanShape: tensor2d(meanShape, [meanShape.length / 2, 2]),
  };
}

function predict(model: LandmarkModel, inputs: NamedTensorMap): NamedTensorMap {
  const { layout } = model;
  const parameters = unflatten(inputs.parameters as Tensor1D, layout.parameters);
  const statistics = unflatten(inputs.statistics as Tensor1D, layout.statistics);
  const pass = forwardPass(layout, parameters, statistics);
  const { landmarks } = model.forward(inputs.images as Tensor4D, inputs.meanShape as Tensor2D, pass);
  return { landmarks };
}
