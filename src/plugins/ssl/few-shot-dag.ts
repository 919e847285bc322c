import type { NamedTensorMap, Scalar, Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';
import { type Static, Type } from 'typebox';
import { type MatchingOptions, matchingOptions } from '../../core/matching/landmark-matcher.ts';
import type { ModelOutput } from '../../core/nn/model.ts';
import { definePlugin } from '../../core/plugins/definition.ts';
import { pluginReference } from '../../core/plugins/reference.ts';
import { inconsistency, type Lesson, lessonFrom } from '../../core/training/consistency.ts';
import { l1Distance } from '../../core/training/landmark-distance.ts';
import { MATCHED, matchedLesson, matchSurvey } from '../../core/training/matched-targets.ts';
import { overMovedViews } from '../../core/training/moved-views.ts';
import { rampUpOption, sigmoidRamp } from '../../core/training/ramp.ts';
import type { FeatureLoss, SslStrategy, Survey, TeachingStep } from '../../core/training/strategy.ts';
import { missOfLesson, studentOutputs, supervisedAnd } from '../../core/training/student-pass.ts';
import { mapsIntoStrongView } from '../../core/training/view-change.ts';

const options = Type.Object(
  {
    sslWeight: Type.Number({
      description:
        "λ_ssl, the weight of the L1 distance to the landmarks of the teacher, or of the squared difference to the teacher's heatmaps where the head offers them.",
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
    targets: Type.Union([Type.Literal('teacher'), Type.Literal('matched')], {
      description:
        "What the student is to say of unlabeled images. teacher: what the teacher says of the plain image, step by step (the paper's). matched: where the network that the stage starts from finds the landmarks, each moved to where the image looks most like the labeled ones around theirs; found once, before the first step.",
      default: 'teacher',
    }),
    matching: matchingOptions,
    teacherViews: Type.Integer({
      description:
        'With targets: teacher. Moved copies of each image (a little turned and resized) that the teacher is asked about besides the plain one; what it says on average is taught. 0 asks about the plain image alone.',
      default: 0,
      minimum: 0,
    }),
    rampUp: rampUpOption(0.4),
  },
  { additionalProperties: false },
);

type Options = Static<typeof options>;

/**
 * Teacher and student: the student, shown a strongly augmented unlabeled image, is to find the landmarks that the
 * teacher found in the plain one, carried along by the augmentation, and to have the same features there. The paper's
 * head gives landmarks; a head that offers heatmaps is taught by the teacher's heatmaps instead. With `targets: matched`,
 * which is not the paper's, the landmarks to find are where the plain image looks most like the labeled ones.
 */
export const fewShotDag = definePlugin({
  kind: 'ssl',
  type: 'few-shot-dag',
  summary: 'Teacher-student consistency of landmarks or heatmaps, and of feature maps by the JS divergence',
  source: 'Zhou et al., Few-Shot Deep Adaptive Graph, DALI @ MICCAI 2021, doi 10.1007/978-3-030-88210-5_13',
  options,
  create: (chosen, context): SslStrategy => {
    const { sslWeight, jsWeight, featureLoss, targets, matching, rampUp } = chosen;
    const features = jsWeight > 0 ? context.featureLoss(featureLoss) : undefined;
    return {
      usesUnlabeled: true,
      ...(targets === 'matched' && remembersMatches(matching)),
      scalars: ({ done }) => {
        const ramp = sigmoidRamp(done, rampUp);
        return { ssl: sslWeight * ramp, js: jsWeight * ramp };
      },
      teach: (step) => teach(step, chosen),
      loss: (step) => {
        const { labeled, unlabeled, lesson } = step;
        const [supervised, own] = studentOutputs(step, labeled.images, unlabeled!.strong);
        const ssl =
          targets === 'matched' ? missOfLesson(step, own!) : inconsistency(own!, lesson, l1Distance);
        if (features === undefined) return supervisedAnd(step, supervised!, { ssl });
        return supervisedAnd(step, supervised!, { ssl, js: featureDistance(features, own!, lesson) });
      },
    };
  },
});

/** Matched landmarks are found in the plain images before the first step, and kept. */
function remembersMatches(matching: MatchingOptions) {
  return {
    needsPlainView: true,
    memory: (landmarkCount: number) => ({ [MATCHED]: 2 * landmarkCount }),
    survey: async (images: Survey) => ({ [MATCHED]: await matchSurvey(images, matching) }),
  };
}

/** The landmarks to learn, and the teacher's features of the plain images, as they must look in the strong view. */
function teach(step: TeachingStep, { targets, teacherViews, jsWeight }: Options): NamedTensorMap {
  const unlabeled = step.unlabeled!;
  if (targets === 'matched' && jsWeight === 0) return matchedLesson(step);
  const plain = step.teacher(unlabeled.weak);
  const lesson = targets === 'matched' ? matchedLesson(step) : teachersLesson(step, plain, teacherViews);
  if (jsWeight === 0) return lesson;
  const { maps, valid } = mapsIntoStrongView(plain.features, unlabeled);
  return { ...lesson, features: maps, valid };
}

function teachersLesson({ teacher, unlabeled }: TeachingStep, plain: ModelOutput, views: number): Lesson {
  const answer = views === 0 ? plain : overMovedViews(teacher, unlabeled!.weak, plain, views);
  return lessonFrom(answer, unlabeled!);
}

function featureDistance(loss: FeatureLoss, own: ModelOutput, lesson: NamedTensorMap): Scalar {
  return loss.evaluate(own.features, lesson.features as Tensor4D, lesson.valid as Tensor4D, {
    landmarks: lesson.targets as Tensor3D,
    inView: lesson.weight as Tensor2D,
  });
}
