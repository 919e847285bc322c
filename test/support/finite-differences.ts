import { grads, mul, sum, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { Random } from '../../src/core/random.ts';

/** A float32 input of the function under test. */
export interface TestInput {
  readonly values: Float32Array;
  readonly shape: readonly number[];
}

/** Values in [low, high), the same for the same seed. */
export function randomInput(
  shape: readonly number[],
  { seed = 1, low = -1, high = 1 }: { seed?: number; low?: number; high?: number } = {},
): TestInput {
  const random = new Random('finite-differences', seed);
  const size = shape.reduce((a, b) => a * b, 1);
  return { values: Float32Array.from({ length: size }, () => random.uniform(low, high)), shape };
}

/**
 * Distinct values, at least `2 / size` apart: for functions with a kink where two inputs meet (maximum, pooling), so
 * that a small step crosses none.
 */
export function distinctInput(shape: readonly number[], { seed = 1 }: { seed?: number } = {}): TestInput {
  const size = shape.reduce((a, b) => a * b, 1);
  const ranks = new Random('distinct', seed).shuffle(Array.from({ length: size }, (_, i) => i));
  return { values: Float32Array.from(ranks, (rank) => (2 * (rank + 0.5)) / size - 1), shape };
}

export interface GradientCheckOptions {
  /** Half the distance of the two points of a central difference. */
  readonly step?: number;
  /** Elements of each input that are checked one by one (the rest by one random direction). */
  readonly elements?: number;
}

/**
 * How far the gradients of `run` by its inputs are from central differences: the largest difference, relative to the
 * largest gradient of that input. The scalar that is differentiated is a fixed random mixture of the outputs, summed
 * in float64. About 1e-4 to 1e-3 for a right gradient, because `run` computes in float32.
 */
export function gradientError(
  run: (...inputs: Tensor[]) => Tensor,
  inputs: readonly TestInput[],
  { step = 1e-2, elements = 16 }: GradientCheckOptions = {},
): number {
  const mixture = outputMixture(run, inputs);
  const analytic = gradients(run, inputs, mixture);
  const value = (at: readonly TestInput[]) => dot(outputs(run, at), mixture);
  const errors = inputs.flatMap((input, index) => {
    const gradient = analytic[index] as Float32Array;
    const largest = gradient.reduce((most, element) => Math.max(most, Math.abs(element)), 1e-3);
    const at = (moved: TestInput) => inputs.map((other, i) => (i === index ? moved : other));
    const directions = [...axes(input.values.length, elements), signs(input.values.length)];
    return directions.map((direction) => {
      const [ahead, behind] = [move(input, direction, step), move(input, direction, -step)];
      const numeric = value(at(ahead)) - value(at(behind));
      const expected = dot(gradient, ahead.values) - dot(gradient, behind.values);
      return Math.abs(numeric - expected) / (2 * step * Math.sqrt(dot(direction, direction)) * largest);
    });
  });
  const worst = Math.max(...errors);
  return Number.isNaN(worst) ? Number.POSITIVE_INFINITY : worst;
}

/**
 * How far the slopes of `run` along random directions of all inputs together are from central differences, relative to
 * the slopes. For whole networks: a kink that a step crosses weighs little among all that moves.
 */
export function slopeError(
  run: (...inputs: Tensor[]) => Tensor,
  inputs: readonly TestInput[],
  { step = 1e-3, directions = 4 }: { readonly step?: number; readonly directions?: number } = {},
): number {
  const { length } = outputs(run, inputs);
  const mixture = randomInput([length], { seed: 98 }).values;
  const analytic = gradients(run, inputs, mixture);
  const slopes = Array.from({ length: directions }, (_, seed) => {
    const direction = inputs.map(({ values }, index) => signs(values.length, seed, index));
    const at = (distance: number) =>
      dot(
        outputs(
          run,
          inputs.map((input, i) => move(input, direction[i]!, distance)),
        ),
        mixture,
      );
    const expected = analytic.reduce((total, gradient, i) => total + dot(gradient, direction[i]!), 0);
    return { expected, error: (at(step) - at(-step)) / (2 * step) - expected };
  });
  const norm = (values: readonly number[]) => Math.hypot(...values);
  return norm(slopes.map(({ error }) => error)) / norm(slopes.map(({ expected }) => expected));
}

/** Weights of the outputs in the scalar that is differentiated. */
function outputMixture(run: (...inputs: Tensor[]) => Tensor, inputs: readonly TestInput[]): Float32Array {
  return randomInput([outputs(run, inputs).length], { seed: 99, low: 0.5, high: 1.5 }).values;
}

function outputs(run: (...inputs: Tensor[]) => Tensor, inputs: readonly TestInput[]): Float32Array {
  return tidy(() => run(...inputs.map(toTensor)).dataSync() as Float32Array);
}

function gradients(
  run: (...inputs: Tensor[]) => Tensor,
  inputs: readonly TestInput[],
  mixture: Float32Array,
): Float32Array[] {
  return tidy(() => {
    const mixed = (...tensors: Tensor[]) => {
      const out = run(...tensors);
      return sum(mul(out, tensor(mixture, out.shape)));
    };
    return grads(mixed)(inputs.map(toTensor)).map((gradient) => gradient.dataSync() as Float32Array);
  });
}

function toTensor({ values, shape }: TestInput): Tensor {
  return tensor(values, [...shape]);
}

/** Unit vectors along elements that are spread over the input. */
function axes(size: number, count: number): Float32Array[] {
  const stride = Math.max(1, size / count);
  const chosen = Array.from({ length: Math.min(size, count) }, (_, i) => Math.floor(i * stride));
  return chosen.map((element) => {
    const direction = new Float32Array(size);
    direction[element] = 1;
    return direction;
  });
}

/** One direction that touches every element. */
function signs(size: number, ...names: number[]): Float32Array {
  const random = new Random('direction', ...names);
  return Float32Array.from({ length: size }, () => (random.chance(0.5) ? 1 : -1));
}

function move(input: TestInput, direction: Float32Array, step: number): TestInput {
  return { shape: input.shape, values: input.values.map((v, i) => v + step * (direction[i] as number)) };
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((total, value, i) => total + value * (b[i] as number), 0);
}
