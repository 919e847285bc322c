import * as tf from '@tensorflow/tfjs-core';
import { createRegistry } from '../../../src/composition.ts';
import { forwardPass } from '../../../src/core/nn/forward.ts';
import { initialParameters, initialStatistics } from '../../../src/core/nn/landmark-model.ts';
import type { Anatomy, GraphHead, HeadOutput } from '../../../src/core/nn/model.ts';
import { ParameterLayout, ParameterScope, type Slot } from '../../../src/core/nn/parameters.ts';
import type { PluginReference } from '../../../src/core/plugins/definition.ts';
import { formula } from '../../support/formula.ts';

/** Channels of the feature maps that these heads read. */
export const FEATURE_CHANNELS = 4;

/** Landmarks well inside the image, no two in the same place along either axis. */
export const ANATOMY: Anatomy = {
  landmarkCount: 4,
  meanShape: Float32Array.of(0.2, 0.3, 0.4, 0.2, 0.5, 0.8, 0.9, 0.6),
  edges: [
    [0, 1],
    [1, 2],
  ],
};

export interface DeclaredHead {
  readonly head: GraphHead;
  readonly layout: ParameterLayout;
  /** Batch norm, where there is one, works by the batch when `training`. */
  run(maps: tf.Tensor4D, blocks: readonly tf.Tensor[], options?: { training?: boolean }): HeadOutput;
  /** What training starts from. */
  initial(): tf.Tensor[];
}

/** A head as a recipe names it, with all that it learns. */
export async function declareHead(
  reference: PluginReference,
  anatomy: Anatomy = ANATOMY,
): Promise<DeclaredHead> {
  const plugins = await createRegistry();
  const layout = new ParameterLayout();
  const head = plugins.create('graph-head', reference, {
    ...anatomy,
    scope: new ParameterScope(layout, 'head'),
    featureChannels: FEATURE_CHANNELS,
  });
  const cut = (vector: Float32Array, slots: readonly Slot[]) =>
    slots.map(({ shape, offset, size }) => tf.tensor(vector.subarray(offset, offset + size), [...shape]));
  return {
    head,
    layout,
    run: (maps, blocks, { training = true } = {}) => {
      const statistics = cut(initialStatistics(layout), layout.statistics);
      const pass = forwardPass(layout, blocks, statistics, training ? new Map() : undefined);
      return head.forward(maps, tf.tensor2d(anatomy.meanShape, [anatomy.landmarkCount, 2]), pass);
    },
    initial: () => cut(initialParameters(layout, 7), layout.parameters),
  };
}

/**
 * Numbers for a parameter: in ±0.5, those of last layers larger, so that gradients stand out from rounding, and those
 * that move landmarks over a feature map smaller, so that they stay on it.
 */
export function parameterValues({ name, size }: Slot): Float32Array {
  const scale = /(global|local)\.last/.test(name) ? 0.1 : /last|logScale/.test(name) ? 2 : 0.5;
  return formula(name, size).map((u) => (2 * u - 1) * scale);
}
