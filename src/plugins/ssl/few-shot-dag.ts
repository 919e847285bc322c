import {
  add,
  cast,
  concat,
  greater,
  less,
  logicalAnd,
  matMul,
  min,
  mul,
  type Scalar,
  slice,
  type Tensor,
  type Tensor2D,
  type Tensor3D,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
import { Type } from 'typebox';
import { transformPoints, warpMaps } from '../../core/nn/layers/warp.ts';
import type { ModelOutput } from '../../core/nn/model.ts';
import { definePlugin } from '../../core/plugins/definition.ts';
import { pluginReference } from '../../core/plugins/reference.ts';
import { l1Distance, weightedMean } from '../../core/training/landmark-distance.ts';
import { sigmoidRamp } from '../../core/training/ramp.ts';
import type {
  FeatureLoss,
  LearningStep,
  LossValue,
  SslStrategy,
  TeachingStep,
  UnlabeledBatch,
} from '../../core/training/strategy.ts';

const options = Type.Object(
  {
    sslWeight: Type.Number({
      description: 'λ_ssl, the weight of the L1 distance to the landmarks of the teacher.',
      default: 4,
      minimum: 0,
    }),
    jsWeight: Type.Number({
      description: 'λ_js, the weight of the distance between the feature maps; 0 leaves it out.',
      default: 0.1,
      minimum: 0,
    }),
    featureLoss: pluginReference('loss', {
      description: 'How the feature maps of student and teacher are compared.',
      compares: 'features',
      default: { type: 'js-divergence' },
    }),
    rampUp: Type.Number({
      description: 'Part of the stage over which both weights grow from 0, along a sigmoid.',
      default: 0.4,
      minimum: 0,
      maximum: 1,
    }),
  },
  { additionalProperties: false },
);

/**
 * Teacher and student: the student, shown a strongly augmented unlabeled image, is to find the landmarks that the
 * teacher found in the plain one, carried along by the augmentation, and to have the same features there.
 */
export const fewShotDag = definePlugin({
  kind: 'ssl',
  type: 'few-shot-dag',
  summary: 'Teacher-student consistency of landmarks, and of feature maps by the JS divergence',
  source: 'Zhou et al., Few-Shot Deep Adaptive Graph, DALI @ MICCAI 2021, doi 10.1007/978-3-030-88210-5_13',
  options,
  create: ({ sslWeight, jsWeight, featureLoss, rampUp }, context): SslStrategy => {
    const features = jsWeight > 0 ? context.featureLoss(featureLoss) : undefined;
    return {
      usesUnlabeled: true,
      scalars: (progress) => {
        const ramp = sigmoidRamp(progress, rampUp);
        return { ssl: sslWeight * ramp, js: jsWeight * ramp };
      },
      teach: (step) => teach(step, features !== undefined),
      loss: (step) => learn(step, features),
    };
  },
});

/** The teacher's landmarks and features of the plain images, as they must look in the strong view. */
function teach(step: TeachingStep, withFeatures: boolean) {
  const unlabeled = step.unlabeled!;
  const { landmarks, features } = step.teacher(unlabeled.weak);
  const targets = intoStrongView(landmarks, unlabeled);
  const lesson = { targets, inView: insideImage(targets) };
  if (!withFeatures) return lesson;
  const { maps, valid } = warpMaps(features, unlabeled.weakToStrong);
  return { ...lesson, features: maps, valid };
}

/** One student pass over labeled and unlabeled images, so that batch norm sees both. */
function learn(step: LearningStep, featureLoss: FeatureLoss | undefined): LossValue {
  const { labeled, unlabeled, lesson, scalars } = step;
  const labeledCount = labeled.images.shape[0];
  const output = step.student(concat([labeled.images, unlabeled!.strong], 0));
  const supervised = step.supervisedLoss.evaluate(
    rows(output, 0, labeledCount),
    labeled.landmarks,
    labeled.present,
  );
  const own = rows(output, labeledCount, unlabeled!.strong.shape[0]);
  const ssl = weightedMean(l1Distance(own.landmarks, lesson.targets as Tensor3D), lesson.inView as Tensor2D);
  const withSsl = add(supervised.total, mul(ssl, scalars.ssl!)) as Scalar;
  if (featureLoss === undefined) return { total: withSsl, parts: { ...supervised.parts, ssl } };
  const js = featureLoss.evaluate(own.features, lesson.features as Tensor4D, lesson.valid as Tensor4D);
  return { total: add(withSsl, mul(js, scalars.js!)), parts: { ...supervised.parts, ssl, js } };
}

/** Landmarks of the weak view, renamed where the strong view is mirrored, and carried by its matrix. */
function intoStrongView(landmarks: Tensor3D, { permutation, weakToStrong }: UnlabeledBatch): Tensor3D {
  return transformPoints(matMul(permutation, landmarks), weakToStrong);
}

/** `[batch, landmarks]`: 1 where the point lies in the image. */
function insideImage(points: Tensor3D): Tensor2D {
  const inside = cast(logicalAnd(greater(points, 0), less(points, 1)), 'float32');
  return min(inside, 2);
}

/** The output of `count` images from `first` on. */
function rows(output: ModelOutput, first: number, count: number): ModelOutput {
  const part = <T extends Tensor>(tensor: T): T =>
    slice(tensor, [first, ...tensor.shape.slice(1).fill(0)], [count, ...tensor.shape.slice(1)]);
  return {
    features: part(output.features),
    landmarks: part(output.landmarks),
    trajectory: output.trajectory.map(part),
  };
}
