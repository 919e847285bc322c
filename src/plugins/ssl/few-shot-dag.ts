import {
  add,
  concat,
  mul,
  type Scalar,
  type Tensor2D,
  type Tensor3D,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
import { Type } from 'typebox';
import { definePlugin } from '../../core/plugins/definition.ts';
import { pluginReference } from '../../core/plugins/reference.ts';
import { rowsOf } from '../../core/training/batch-rows.ts';
import { l1Distance, weightedMean } from '../../core/training/landmark-distance.ts';
import { sigmoidRamp } from '../../core/training/ramp.ts';
import type {
  FeatureLoss,
  LearningStep,
  LossValue,
  SslStrategy,
  TeachingStep,
} from '../../core/training/strategy.ts';
import { insideImage, landmarksIntoStrongView, mapsIntoStrongView } from '../../core/training/view-change.ts';

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
      needs: ['coordinates'],
      scalars: ({ done }) => {
        const ramp = sigmoidRamp(done, rampUp);
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
  const targets = landmarksIntoStrongView(landmarks, unlabeled);
  const lesson = { targets, inView: insideImage(targets) };
  if (!withFeatures) return lesson;
  const { maps, valid } = mapsIntoStrongView(features, unlabeled);
  return { ...lesson, features: maps, valid };
}

/** One student pass over labeled and unlabeled images, so that batch norm sees both. */
function learn(step: LearningStep, featureLoss: FeatureLoss | undefined): LossValue {
  const { labeled, unlabeled, lesson, scalars } = step;
  const labeledCount = labeled.images.shape[0];
  const output = step.student(concat([labeled.images, unlabeled!.strong], 0));
  const supervised = step.supervisedLoss.evaluate(
    rowsOf(output, 0, labeledCount),
    labeled.landmarks,
    labeled.present,
  );
  const own = rowsOf(output, labeledCount, unlabeled!.strong.shape[0]);
  const ssl = weightedMean(l1Distance(own.landmarks, lesson.targets as Tensor3D), lesson.inView as Tensor2D);
  const withSsl = add(supervised.total, mul(ssl, scalars.ssl!)) as Scalar;
  if (featureLoss === undefined) return { total: withSsl, parts: { ...supervised.parts, ssl } };
  const js = featureLoss.evaluate(own.features, lesson.features as Tensor4D, lesson.valid as Tensor4D);
  return { total: add(withSsl, mul(js, scalars.js!)), parts: { ...supervised.parts, ssl, js } };
}
