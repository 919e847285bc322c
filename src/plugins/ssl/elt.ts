import { Type } from 'typebox';
import { definePlugin } from '../../core/plugins/definition.ts';
import { squaredDistance, weightedMean } from '../../core/training/landmark-distance.ts';
import type { SslStrategy } from '../../core/training/strategy.ts';
import { studentOutputs, supervisedAnd } from '../../core/training/student-pass.ts';
import { insideImage, landmarksIntoStrongView } from '../../core/training/view-change.ts';

const options = Type.Object(
  {
    weight: Type.Number({
      description:
        'Weight of the squared distance between the landmarks of the transformed image and the transformed landmarks of the image (scaled to pull like an L1 distance at a hundredth of the image); the same throughout, as in the paper.',
      default: 1,
      minimum: 0,
    }),
  },
  { additionalProperties: false },
);

/**
 * Equivariant landmark transformation: one network `f` is to satisfy `f(A(u)) = A(f(u))` for the known geometry A of
 * the strong view, with gradient through both sides, from the first step on, and whatever else its head offers: only
 * landmarks are compared. The paper's A is geometry alone and also applies to labeled images; here the strong view of
 * unlabeled images may change grey values too, and labeled images are seen in one view.
 */
export const elt = definePlugin({
  kind: 'ssl',
  type: 'elt',
  summary: 'Equivariance of the landmarks under the augmentation, one network, gradient through both views',
  source: 'Honari et al., Improving Landmark Localization with Semi-Supervised Learning, CVPR 2018',
  options,
  create: ({ weight }): SslStrategy => ({
    usesUnlabeled: true,
    needs: ['coordinates'],
    scalars: () => ({ equivariance: weight }),
    teach: () => ({}),
    loss: (step) => {
      const unlabeled = step.unlabeled!;
      const sets = [step.labeled.images, unlabeled.weak, unlabeled.strong];
      const [supervised, plain, transformed] = studentOutputs(step, ...sets);
      const expected = landmarksIntoStrongView(plain!.landmarks, unlabeled);
      const distance = squaredDistance(transformed!.landmarks, expected);
      const equivariance = weightedMean(distance, insideImage(expected));
      return supervisedAnd(step, supervised!, { equivariance });
    },
  }),
});
