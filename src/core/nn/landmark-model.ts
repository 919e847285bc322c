import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import type { PluginReference } from '../plugins/definition.ts';
import type { PluginRegistry } from '../plugins/registry.ts';
import { Random } from '../random.ts';
import type { Anatomy, Backbone, GraphHead, ModelOutput } from './model.ts';
import { type ForwardPass, ParameterLayout, ParameterScope } from './parameters.ts';

/** A backbone and a head, and the layout of what they learn. It holds no numbers: a pass brings them. */
export interface LandmarkModel {
  readonly layout: ParameterLayout;
  readonly backbone: Backbone;
  readonly head: GraphHead;
  /** Images `[batch, H, W, 1]`, mean shape `[landmarks, 2]`. */
  forward(images: Tensor4D, meanShape: Tensor2D, pass: ForwardPass): ModelOutput;
}

export interface ModelReferences {
  readonly backbone: PluginReference;
  readonly head: PluginReference;
}

/** Declares the model that a recipe names, for grey images. */
export function buildModel(
  plugins: PluginRegistry,
  references: ModelReferences,
  anatomy: Anatomy,
): LandmarkModel {
  const layout = new ParameterLayout();
  const scope = new ParameterScope(layout);
  const backbone = plugins.create('backbone', references.backbone, {
    scope: scope.child('backbone'),
    inputChannels: 1,
  });
  const head = plugins.create('graph-head', references.head, {
    scope: scope.child('head'),
    ...anatomy,
    featureChannels: backbone.channels,
  });
  return {
    layout,
    backbone,
    head,
    forward: (images, meanShape, pass) => {
      const features = backbone.forward(images, pass);
      return { features, ...head.forward(features, meanShape, pass) };
    },
  };
}

/** Starting parameters: every block from a stream named after it, so that adding a block changes no other. */
export function initialParameters(layout: ParameterLayout, seed: number): Float32Array {
  const vector = new Float32Array(layout.parameterCount);
  for (const { name, shape, offset, size, initialize } of layout.parameters) {
    initialize(vector.subarray(offset, offset + size), shape, new Random(seed, 'initial', name));
  }
  return vector;
}

export function initialStatistics(layout: ParameterLayout): Float32Array {
  const vector = new Float32Array(layout.statisticCount);
  for (const { offset, size, initial } of layout.statistics) vector.fill(initial, offset, offset + size);
  return vector;
}
