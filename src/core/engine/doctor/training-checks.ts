import {
  add,
  conv2d,
  dispose,
  matMul,
  mean,
  memory,
  mul,
  relu,
  type Scalar,
  square,
  sub,
  sum,
  type Tensor,
  type Tensor4D,
  tensor,
  tidy,
  valueAndGrads,
} from '@tensorflow/tfjs-core';
import { Random } from '../../random.ts';
import { batchNormTraining } from '../ops/batch-norm.ts';
import { type Check, failed, passed } from './check.ts';

/* A small convolutional network, and data that it can learn: what a real training rests on, in a second. */

const IMAGES = 8;
const SIZE = 16;
const CHANNELS = 6;
const STEPS = 25;
const LEARNING_RATE = 0.2;
const BATCH_NORM_EPSILON = 1e-5;

/** Central differences in float32: the step is a trade of rounding against curvature. */
const DIFFERENCE_STEP = 1e-2;
const GRADIENT_TOLERANCE = 0.03;
/** The loss must at least halve. */
const LOSS_RATIO = 0.5;

const REPORT_FIX = 'this engine computes wrongly here: use another one (`--engine`), and report this output';

type Parameters = Tensor[];
type LossFunction = (...parameters: Tensor[]) => Scalar;

/** Runs on the active engine: gradients against finite differences, a falling loss, a constant tensor count. */
export async function checkTraining(): Promise<Check[]> {
  const random = new Random('engine-doctor');
  const [images, targets] = syntheticBatch(random);
  const parameters = initialParameters(random);
  const loss = (...values: Tensor[]) => lossOf(values, images, targets);
  try {
    const gradients = await checkGradients(loss, parameters);
    return [gradients, ...(await checkSteps(loss, parameters))];
  } finally {
    for (const value of [images, targets, ...parameters]) value.dispose();
  }
}

/** Images with a horizontal brightness gradient of random slope; the target is the slope and its square. */
function syntheticBatch(random: Random): [Tensor4D, Tensor] {
  const slopes = Array.from({ length: IMAGES }, () => random.uniform(-1, 1));
  const pixels = slopes.flatMap((slope) =>
    Array.from({ length: SIZE * SIZE }, (_, i) => slope * ((i % SIZE) / SIZE) + random.normal(0, 0.05)),
  );
  const targets = slopes.flatMap((slope) => [slope, slope * slope]);
  return [tensor(pixels, [IMAGES, SIZE, SIZE, 1]) as Tensor4D, tensor(targets, [IMAGES, 2])];
}

function initialParameters(random: Random): Parameters {
  const normal = (shape: number[], deviation: number) => {
    const length = shape.reduce((product, size) => product * size, 1);
    return tensor(
      Array.from({ length }, () => random.normal(0, deviation)),
      shape,
    );
  };
  return [
    normal([3, 3, 1, CHANNELS], 0.4),
    normal([CHANNELS], 0.1).add(1),
    normal([CHANNELS], 0.1),
    normal([CHANNELS, 2], 0.4),
    normal([2], 0.1),
  ];
}

/** Convolution, train-time batch norm, ReLU, global average pooling, linear layer, mean squared error. */
function lossOf(parameters: Parameters, images: Tensor4D, targets: Tensor): Scalar {
  const [kernel, scale, offset, weights, bias] = parameters as [Tensor4D, Tensor, Tensor, Tensor, Tensor];
  const features = conv2d(images, kernel, 1, 'same');
  const { output } = batchNormTraining(features, scale, offset, BATCH_NORM_EPSILON);
  const pooled = mean(relu(output), [1, 2]);
  return mean(square(sub(add(matMul(pooled, weights), bias), targets))) as Scalar;
}

/** For each parameter, the slope of the loss along the gradient must be the gradient's length. */
async function checkGradients(loss: LossFunction, parameters: Parameters): Promise<Check> {
  const { value, grads } = valueAndGrads(loss)(parameters);
  const errors = await Promise.all(
    grads.map((gradient, index) => slopeError(loss, parameters, gradient, index)),
  );
  dispose([value, ...grads]);
  const worst = Math.max(...errors);
  const detail = `at most ${(100 * worst).toFixed(2)} % from finite differences`;
  if (worst <= GRADIENT_TOLERANCE) return passed('gradients', detail);
  return failed('gradients', detail, REPORT_FIX);
}

async function slopeError(
  loss: LossFunction,
  parameters: Parameters,
  gradient: Tensor,
  index: number,
): Promise<number> {
  const length = Math.sqrt(await numberIn(() => sum(square(gradient))));
  const lossAt = (distance: number) =>
    numberIn(() => {
      const moved = add(parameters[index] as Tensor, mul(gradient, distance / length));
      return loss(...parameters.with(index, moved));
    });
  const slope = ((await lossAt(DIFFERENCE_STEP)) - (await lossAt(-DIFFERENCE_STEP))) / (2 * DIFFERENCE_STEP);
  return Math.abs(slope - length) / length;
}

/** Gradient descent: the loss must fall, and no step may leave tensors behind. */
async function checkSteps(loss: LossFunction, initial: Parameters): Promise<Check[]> {
  let parameters: Parameters = initial.map((value) => value.clone());
  const losses: number[] = [];
  const tensorCounts: number[] = [];
  for (let step = 0; step < STEPS; step++) {
    const previous = parameters;
    const [value, ...moved] = tidy(() => {
      const { value, grads } = valueAndGrads(loss)(previous);
      return [value, ...previous.map((parameter, i) => sub(parameter, mul(grads[i]!, LEARNING_RATE)))];
    }) as [Scalar, ...Parameters];
    losses.push(await numberIn(() => value));
    parameters = moved;
    dispose(previous);
    tensorCounts.push(memory().numTensors);
  }
  dispose(parameters);
  return [lossCheck(losses), tensorCheck(tensorCounts)];
}

function lossCheck(losses: readonly number[]): Check {
  const first = losses[0] as number;
  const last = losses.at(-1) as number;
  const detail = `loss ${first.toFixed(4)} -> ${last.toFixed(4)} in ${STEPS} steps`;
  // also false when the loss is not a number
  return last < LOSS_RATIO * first ? passed('training', detail) : failed('training', detail, REPORT_FIX);
}

function tensorCheck(counts: readonly number[]): Check {
  const grown = (counts.at(-1) as number) - (counts[0] as number);
  if (grown === 0) return passed('tensor count', `${counts[0]} after every step`);
  return failed('tensor count', `${grown} more after ${STEPS} steps`, REPORT_FIX);
}

/** Reads the scalar that is computed, and frees everything. */
async function numberIn(compute: () => Tensor): Promise<number> {
  const value = tidy(compute);
  const [number] = await value.data();
  value.dispose();
  return number as number;
}
