import { definePlugin, type LandmarkLoss, Type, tf, weightedMean } from 'fsx';

const options = Type.Object(
  {
    scale: Type.Number({
      description:
        's, the distance along an axis (of the image) around which the loss turns from curved to straight.',
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
 * `s ln cosh(d / s)` for a distance d along an axis, summed over both: like `d² / 2s` near 0 and like d far from it,
 * with every derivative continuous, where smooth L1 has a kink in its second one.
 */
export default definePlugin({
  kind: 'loss',
  type: 'log-cosh',
  compares: 'landmarks',
  summary: 'Log-cosh loss: quadratic for small errors, linear for large ones, smooth in between',
  source: 'Saleh & Saleh, Statistical Properties of the log-cosh Loss Function, arXiv 2208.04564',
  options,
  create: ({ scale, deepSupervision }): LandmarkLoss => ({
    compares: 'landmarks',
    needs: ['coordinates'],
    evaluate: ({ landmarks, trajectory }, targets, weight) => {
      const lossOf = (estimate: tf.Tensor3D) => {
        const distance = tf.div(tf.sub(estimate, targets), scale);
        return weightedMean(tf.mul(tf.sum<tf.Tensor2D>(logCosh(distance), 2), scale), weight);
      };
      const final = lossOf(landmarks);
      const onTheWay = trajectory
        .slice(0, -1)
        .map((estimate) => tf.mul<tf.Scalar>(lossOf(estimate), deepSupervision));
      return { total: onTheWay.reduce((sum, loss) => tf.add(sum, loss), final), parts: { log_cosh: final } };
    },
  }),
});

/** `ln cosh x = |x| + ln(1 + e^(-2 |x|)) - ln 2`, which no x makes overflow as `cosh` would. */
function logCosh(x: tf.Tensor): tf.Tensor {
  const size = tf.abs(x);
  return tf.sub(tf.add(size, tf.softplus(tf.mul(size, -2))), Math.LN2);
}
