import {
  add,
  concat,
  div,
  expandDims,
  logSumExp,
  matMul,
  mul,
  type Scalar,
  split,
  sqrt,
  square,
  sub,
  sum,
  type Tensor2D,
  type Tensor3D,
  type Tensor4D,
  tensor3d,
  tile,
} from '@tensorflow/tfjs-core';
import { Type } from 'typebox';
import { sampleBilinear } from '../../core/engine/ops/sample-bilinear.ts';
import { definePlugin } from '../../core/plugins/definition.ts';
import { weightedMean } from '../../core/training/landmark-distance.ts';
import type { LearningStep, LossValue, SslStrategy } from '../../core/training/strategy.ts';
import { insideImage, pointsIntoStrongView } from '../../core/training/view-change.ts';

const options = Type.Object(
  {
    grid: Type.Integer({
      description:
        'Points along each side of the weak view whose features are compared: grid² points an image, each the negative of all others.',
      default: 12,
      minimum: 2,
    }),
    temperature: Type.Number({
      description: 'Divides the cosine similarities; a smaller one punishes near misses harder.',
      default: 0.1,
      exclusiveMinimum: 0,
    }),
  },
  { additionalProperties: false },
);

/** Added to the similarity to points outside of the strong view. */
const EXCLUDED = -1e4;

/**
 * Self-supervised first stage: the backbone's feature of a place in one view of an image is to be most similar to the
 * feature of that same place in another view, among all places of a grid (InfoNCE on cosine similarity, in both
 * directions). No labels; the head and its optimizer stay as they are. The paper finds single points of a patch in the
 * whole image, coarse to fine over the levels of an encoder, then retrieves landmarks; here many places are matched at
 * once, on the one feature map that the head will read, as a start for a stage that learns from labels.
 */
export const denseContrastive = definePlugin({
  kind: 'ssl',
  type: 'dense-contrastive',
  summary: 'Self-supervised: matches places between two views of unlabeled images; trains the backbone alone',
  source: 'the idea of Yao et al., One-Shot Medical Landmark Detection (CC2D), MICCAI 2021, arXiv 2103.04527',
  options,
  create: ({ grid, temperature }): SslStrategy => ({
    usesUnlabeled: true,
    usesLabeled: false,
    scalars: () => ({}),
    teach: () => ({}),
    loss: (step) => contrast(step, grid, temperature),
  }),
});

function contrast({ unlabeled, features }: LearningStep, grid: number, temperature: number): LossValue {
  const { weak, strong } = unlabeled!;
  const [batch] = weak.shape;
  const maps = split<Tensor4D>(features(concat([weak, strong], 0)), 2);
  const points = tile(gridPoints(grid), [batch, 1, 1]) as Tensor3D;
  const carried = pointsIntoStrongView(points, unlabeled!);
  const known = insideImage(carried);
  const first = unitVectors(sampleBilinear(maps[0]!, points));
  const second = unitVectors(sampleBilinear(maps[1]!, carried));
  const there = surprise(first, second, known, temperature);
  const back = surprise(second, first, known, temperature);
  const total = mul(add(there, back), 0.5) as Scalar;
  return { total, parts: { contrast: total } };
}

/** `-ln` of the share that each point's own partner has of its similarity to all partners in view. */
function surprise(points: Tensor3D, partners: Tensor3D, known: Tensor2D, temperature: number): Scalar {
  const similarities = div(matMul(points, partners, false, true), temperature);
  const inView = add(similarities, expandDims(mul(sub(1, known), EXCLUDED), 1));
  const own = div(sum(mul(points, partners), 2), temperature);
  return weightedMean(sub(logSumExp(inView, 2), own) as Tensor2D, known);
}

function unitVectors(features: Tensor3D): Tensor3D {
  return div(features, sqrt(add(sum(square(features), 2, true), 1e-8)));
}

/** `[1, grid², 2]`: the centres of the cells of a grid over the image. */
function gridPoints(grid: number): Tensor3D {
  const along = Array.from({ length: grid }, (_, i) => (i + 0.5) / grid);
  const points = along.flatMap((y) => along.flatMap((x) => [x, y]));
  return tensor3d(points, [1, grid * grid, 2]);
}
