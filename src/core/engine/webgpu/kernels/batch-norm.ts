import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { BATCH_NORM, BATCH_NORM_GRAD } from '../../ops/batch-norm.ts';
import { copyOut } from '../copy.ts';
import { type KernelCall, webGpuKernel } from '../kernel.ts';
import { floats, integers, runShader } from '../shader.ts';
import { sumBlocks } from './sum-blocks.ts';

/*
 * Forward and backward alike: one shader reads `[rows, channels]` in blocks of rows and leaves two numbers a block and
 * channel, `[blocks, 2, channels]`; a small one joins the blocks; a last one goes over all elements.
 */

interface Attributes {
  readonly epsilon: number;
}

/** A group of threads has so many channels beside each other, and as many rows below each other. */
const LANES = 16;
const MOST_BLOCKS = 64;
/** Of one thread, so that joining costs little beside reading. */
const FEWEST_ROWS = 8;

interface Rows {
  readonly rows: number;
  readonly channels: number;
  readonly rowsPerBlock: number;
  readonly blocks: number;
}

function rowsOf(x: TensorInfo, channels: number): Rows {
  const rows = util.sizeFromShape(x.shape) / channels;
  const wanted = Math.min(MOST_BLOCKS, Math.ceil(rows / (LANES * FEWEST_ROWS)));
  const rowsPerBlock = Math.ceil(rows / wanted);
  return { rows, channels, rowsPerBlock, blocks: Math.ceil(rows / rowsPerBlock) };
}

/** Chan, Golub & LeVeque 1979: (count, mean, sum of squared distances to it) of two sets together. */
const JOIN = `
  fn join(a: vec3<f32>, b: vec3<f32>) -> vec3<f32> {
    let count = a.x + b.x;
    if (count == 0.0) { return a; }
    let distance = b.y - a.y;
    return vec3<f32>(count, a.y + distance * b.x / count, a.z + b.z + distance * distance * a.x * b.x / count);
  }`;

/**
 * WGSL that reduces a block of rows: each thread its own rows to a value of the type, then the threads of a channel to one.
 * @param thread statements that see `channel`, `first` (row), `end` and change `value`.
 * @param joined an expression of `mine` and `other`.
 */
function blockReduction(type: string, thread: string, joined: string): string {
  return `
  const LANES = ${LANES};
  var<workgroup> values: array<${type}, ${LANES * LANES}>;

  fn main(index: i32) {
    let lane = i32(localIndex);
    let group = index / ${LANES * LANES};
    let tiles = (uniforms.channels + LANES - 1) / LANES;
    let block = group / tiles;
    let channel = (group % tiles) * LANES + lane % LANES;
    let first = block * uniforms.rowsPerBlock + lane / LANES;
    let end = min(uniforms.rows, (block + 1) * uniforms.rowsPerBlock);
    var value = ${type}();
    if (channel < uniforms.channels && first < end) {
      ${thread}
    }
    values[lane] = value;
    for (var half = LANES / 2; half > 0; half /= 2) {
      workgroupBarrier();
      if (lane / LANES < half) {
        let mine = values[lane];
        let other = values[lane + half * LANES];
        values[lane] = ${joined};
      }
    }
    if (lane < LANES && channel < uniforms.channels && block < uniforms.blocks) {
      let total = values[lane];
      result[(2 * block) * uniforms.channels + channel] = total[${type === 'vec3<f32>' ? 1 : 0}];
      result[(2 * block + 1) * uniforms.channels + channel] = total[${type === 'vec3<f32>' ? 2 : 1}];
    }
  }`;
}

function reduceBlocks(
  backend: WebGPUBackend,
  name: string,
  inputs: Readonly<Record<string, TensorInfo>>,
  shape: Rows,
  code: string,
): TensorInfo {
  const { rows, channels, rowsPerBlock, blocks } = shape;
  return runShader(backend, {
    name,
    inputs,
    outputShape: [blocks, 2, channels],
    uniforms: integers({ rows, channels, rowsPerBlock, blocks }),
    threadsPerGroup: LANES * LANES,
    threads: blocks * Math.ceil(channels / LANES) * LANES * LANES,
    code,
  });
}

/** Distances to a thread's first row, so that a large mean does not swallow a small deviation. */
const MOMENTS = `${JOIN}
  ${blockReduction(
    'vec3<f32>',
    `
      let origin = x[first * uniforms.channels + channel];
      var sum = 0.0;
      var squares = 0.0;
      var count = 0.0;
      for (var row = first; row < end; row += LANES) {
        let distance = x[row * uniforms.channels + channel] - origin;
        sum += distance;
        squares += distance * distance;
        count += 1.0;
      }
      value = vec3<f32>(count, origin + sum / count, max(0.0, squares - sum * sum / count));`,
    'join(mine, other)',
  )}`;

/** Joins the moments of all blocks: mean, unbiased variance, 1 / standard deviation. */
const STATISTICS = `${JOIN}
  fn main(index: i32) {
    if (index >= uniforms.channels) { return; }
    var all = vec3<f32>();
    for (var block = 0; block < uniforms.blocks; block++) {
      let count = f32(min(uniforms.rowsPerBlock, uniforms.rows - block * uniforms.rowsPerBlock));
      let place = 2 * block * uniforms.channels + index;
      all = join(all, vec3<f32>(count, moments[place], moments[place + uniforms.channels]));
    }
    result[index] = all.y;
    result[uniforms.channels + index] = all.z / max(1.0, all.x - 1.0);
    result[2 * uniforms.channels + index] = inverseSqrt(all.z / all.x + uniforms.epsilon);
  }`;

const NORMALISE = `
  fn main(index: i32) {
    if (index >= uniforms.size) { return; }
    let c = index % uniforms.channels;
    let inverse = statistics[2 * uniforms.channels + c];
    result[index] = (x[index] - statistics[c]) * inverse * scale[c] + offset[c];
  }`;

/** Outputs `y`, `mean`, unbiased `variance`; saved for the gradient: `[3, channels]`, see `STATISTICS`. */
function batchNorm({ inputs, attrs, backend }: KernelCall<'x' | 'scale' | 'offset', Attributes>) {
  const { x, scale, offset } = inputs;
  const channels = scale.shape[0] as number;
  const shape = rowsOf(x, channels);
  const moments = reduceBlocks(backend, 'batchNormMoments', { x }, shape, MOMENTS);
  const { rows, rowsPerBlock, blocks } = shape;
  const { epsilon } = attrs;
  const statistics = runShader(backend, {
    name: 'batchNormStatistics',
    inputs: { moments },
    outputShape: [3, channels],
    uniforms: { ...integers({ rows, channels, rowsPerBlock, blocks }), ...floats({ epsilon }) },
    code: STATISTICS,
  });
  backend.disposeData(moments.dataId);
  const y = runShader(backend, {
    name: 'batchNorm',
    inputs: { x, statistics, scale, offset },
    outputShape: x.shape,
    uniforms: integers({ channels }),
    code: NORMALISE,
  });
  return [y, ...channelRows(backend, statistics, 2), statistics];
}

/** The first rows of `[.., channels]`, each a vector. */
function channelRows(backend: WebGPUBackend, tensor: TensorInfo, count: number): TensorInfo[] {
  const channels = tensor.shape[1] as number;
  return Array.from({ length: count }, (_, row) =>
    copyOut(backend, { tensor, start: row * channels }, [channels]),
  );
}

/** Sums of `dy` and of `dy` times the normalised `x`. */
const GRADIENT_SUMS = blockReduction(
  'vec2<f32>',
  `
      let mean = statistics[channel];
      let inverse = statistics[2 * uniforms.channels + channel];
      for (var row = first; row < end; row += LANES) {
        let place = row * uniforms.channels + channel;
        value += dy[place] * vec2<f32>(1.0, (x[place] - mean) * inverse);
      }`,
  'mine + other',
);

/** Ioffe & Szegedy 2015, section 3. */
const INPUT_GRADIENT = `
  fn main(index: i32) {
    if (index >= uniforms.size) { return; }
    let c = index % uniforms.channels;
    let inverse = statistics[2 * uniforms.channels + c];
    let normalised = (x[index] - statistics[c]) * inverse;
    let removed = (totals[c] + normalised * totals[uniforms.channels + c]) / f32(uniforms.rows);
    result[index] = scale[c] * inverse * (dy[index] - removed);
  }`;

type GradInput = 'dy' | 'x' | 'scale' | 'saved0';

function batchNormGrad({ inputs, backend }: KernelCall<GradInput, Attributes>): TensorInfo[] {
  const { dy, x, scale, saved0: statistics } = inputs;
  const channels = scale.shape[0] as number;
  const shape = rowsOf(x, channels);
  const sums = reduceBlocks(backend, 'batchNormGradSums', { dy, x, statistics }, shape, GRADIENT_SUMS);
  const totals = sumBlocks(backend, sums);
  backend.disposeData(sums.dataId);
  const dx = runShader(backend, {
    name: 'batchNormGrad',
    inputs: { dy, x, scale, statistics, totals },
    outputShape: x.shape,
    uniforms: integers({ channels, rows: shape.rows }),
    code: INPUT_GRADIENT,
  });
  const [dOffset, dScale] = channelRows(backend, totals, 2) as [TensorInfo, TensorInfo];
  backend.disposeData(totals.dataId);
  return [dx, dScale, dOffset];
}

export const batchNormKernel = webGpuKernel(BATCH_NORM, batchNorm);
export const batchNormGradKernel = webGpuKernel(BATCH_NORM_GRAD, batchNormGrad);
