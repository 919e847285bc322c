import { backend_util, Conv2DBackpropFilter, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { type KernelCall, webGpuKernel } from '../kernel.ts';
import { integers, runShader } from '../shader.ts';
import { sumBlocks } from './sum-blocks.ts';

/*
 * For each place of the filter a matrix product `[in channels, positions] x [positions, out channels]` over all positions of
 * the output. There are far more positions than channels, so that blocks of them are added up side by side, and then the
 * sums of the blocks. The stock kernel has one thread for each weight go over all positions.
 */

type Shape4D = [number, number, number, number];

interface Attributes {
  readonly strides: number | [number, number];
  readonly pad: 'valid' | 'same' | number | backend_util.ExplicitPadding;
  readonly dataFormat: 'NHWC' | 'NCHW';
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
  readonly filterShape: Shape4D;
}

/** A thread adds up so many in channels times as many out channels, so that it reads less than it computes. */
const TILE = 4;
/** Enough to keep a large GPU busy. */
const WANTED_THREADS = 65_536;
/** Of one thread, so that adding the blocks up costs little beside making them. */
const FEWEST_POSITIONS = 64;

const CODE = `
  /** Four channels from the place on; beyond the last one whatever is there, to be written nowhere. */
  fn xAt(position: i32, place: i32, channels: vec4<i32>) -> vec4<f32> {
    let column = (position % uniforms.outWidth) * uniforms.strideX - uniforms.left + place % uniforms.filterWidth;
    let line = position / uniforms.outWidth;
    let row = (line % uniforms.outHeight) * uniforms.strideY - uniforms.top + place / uniforms.filterWidth;
    let image = line / uniforms.outHeight;
    if (row < 0 || row >= uniforms.inHeight || column < 0 || column >= uniforms.inWidth) { return vec4<f32>(); }
    let at = ((image * uniforms.inHeight + row) * uniforms.inWidth + column) * uniforms.inChannels + channels;
    return vec4<f32>(x[at.x], x[at.y], x[at.z], x[at.w]);
  }

  fn dyAt(position: i32, channels: vec4<i32>) -> vec4<f32> {
    let at = position * uniforms.outChannels + channels;
    return vec4<f32>(dy[at.x], dy[at.y], dy[at.z], dy[at.w]);
  }

  fn main(index: i32) {
    let outTiles = (uniforms.outChannels + 3) / 4;
    let inTiles = (uniforms.inChannels + 3) / 4;
    let outStart = (index % outTiles) * 4;
    let inStart = (index / outTiles % inTiles) * 4;
    let place = index / (outTiles * inTiles) % uniforms.places;
    let block = index / (outTiles * inTiles * uniforms.places);
    if (block >= uniforms.blocks) { return; }

    let lanes = vec4<i32>(0, 1, 2, 3);
    let inChannels = min(inStart + lanes, vec4<i32>(uniforms.inChannels - 1));
    let outChannels = min(outStart + lanes, vec4<i32>(uniforms.outChannels - 1));
    let end = min(uniforms.positions, (block + 1) * uniforms.positionsPerBlock);
    var sums: mat4x4<f32>;
    for (var position = block * uniforms.positionsPerBlock; position < end; position++) {
      let given = xAt(position, place, inChannels);
      let gradient = dyAt(position, outChannels);
      sums += mat4x4<f32>(given.x * gradient, given.y * gradient, given.z * gradient, given.w * gradient);
    }

    for (var i = 0; i < 4 && inStart + i < uniforms.inChannels; i++) {
      let row = (block * uniforms.places + place) * uniforms.inChannels + inStart + i;
      for (var o = 0; o < 4 && outStart + o < uniforms.outChannels; o++) {
        result[row * uniforms.outChannels + outStart + o] = sums[i][o];
      }
    }
  }`;

function conv2dBackpropFilter({ inputs, attrs, backend }: KernelCall<'x' | 'dy', Attributes>): TensorInfo {
  const { x, dy } = inputs;
  const geometry = geometryOf(x, attrs);
  const { inChannels, outChannels, filterHeight, filterWidth } = geometry;
  const places = filterHeight * filterWidth;
  const positions = util.sizeFromShape(dy.shape) / outChannels;
  const threadsPerBlock = places * Math.ceil(inChannels / TILE) * Math.ceil(outChannels / TILE);
  const wanted = Math.min(WANTED_THREADS / threadsPerBlock, positions / FEWEST_POSITIONS);
  const positionsPerBlock = Math.ceil(positions / Math.ceil(wanted));
  const blocks = Math.ceil(positions / positionsPerBlock);
  const sums = runShader(backend, {
    name: 'conv2dBackpropFilter',
    inputs: { x, dy },
    outputShape: [blocks, ...attrs.filterShape],
    uniforms: integers({
      ...{ inChannels, outChannels, filterWidth, places, positions, positionsPerBlock, blocks },
      ...{ inHeight: geometry.inHeight, inWidth: geometry.inWidth },
      ...{ outHeight: geometry.outHeight, outWidth: geometry.outWidth },
      ...{ strideY: geometry.strideHeight, strideX: geometry.strideWidth },
      ...{ top: geometry.padInfo.top, left: geometry.padInfo.left },
    }),
    threads: blocks * threadsPerBlock,
    code: CODE,
  });
  const total = sumBlocks(backend, sums);
  backend.disposeData(sums.dataId);
  return total;
}

function geometryOf(x: TensorInfo, attrs: Attributes): backend_util.Conv2DInfo {
  const { filterShape, strides, pad, dimRoundingMode, dataFormat } = attrs;
  if (dataFormat === 'NCHW') throw new Error('the webgpu engine learns convolutions in NHWC only');
  return backend_util.computeConv2DInfo(x.shape as Shape4D, filterShape, strides, 1, pad, dimRoundingMode);
}

export const conv2dBackpropFilterKernel = webGpuKernel(Conv2DBackpropFilter, conv2dBackpropFilter);
