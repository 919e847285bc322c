import { definePlugin, type LandmarkLoss, l1Distance, Type, tf, weightedMean } from 'fsx';

const options = Type.Object(
  {
    width: Type.Number({
      description: 'w, the L1 distance (of the image) below which the loss is logarithmic.',
      default: 0.05,
      exclusiveMinimum: 0,
    }),
    curvature: Type.Number({
      description: 'ε, how sharply the logarithm bends: a smaller one pulls harder on small errors.',
      default: 0.01,
      exclusiveMinimum: 0,
    }),
    deepSupervision: Type.Number({
      description: "Weight of the head's estimates on the way to the last one; 0 supervises the last alone.",
      default: 0.5,
      minimum: 0,
    }),
  },
  { additionalProperties: false },
);

/**
 * Wing loss: `w ln(1 + d / ε)` for a distance d below w, and `d` plus a constant beyond, so that small errors keep a
 * large gradient without outliers taking over.
 */
export default definePlugin({
  kind: 'loss',
  type: 'wing',
  compares: 'landmarks',
  summary: 'Wing loss: logarithmic for small errors, linear for large ones',
  source: 'Feng et al., Wing Loss for Robust Facial Landmark Localisation, CVPR 2018',
  options,
  create: ({ width, curvature, deepSupervision }): LandmarkLoss => ({
    compares: 'landmarks',
    needs: ['coordinates'],
    evaluate: ({ landmarks, trajectory }, targets, weight) => {
      const wingOf = (estimate: tf.Tensor3D) =>
        weightedMean(wing(l1Distance(estimate, targets), width, curvature), weight);
      const final = wingOf(landmarks);
      const onTheWay = trajectory
        .slice(0, -1)
        .map((estimate) => tf.mul<tf.Scalar>(wingOf(estimate), deepSupervision));
      return { total: onTheWay.reduce((sum, loss) => tf.add(sum, loss), final), parts: { wing: final } };
    },
  }),
});

/** One formula for both branches: the logarithm stops growing at `width`, where the linear part begins. */
function wing(distance: tf.Tensor2D, width: number, curvature: number): tf.Tensor2D {
  const bent = tf.log(tf.add(tf.div(tf.minimum(distance, width), curvature), 1));
  return tf.add(tf.mul(bent, width), tf.relu(tf.sub(distance, width)));
}
