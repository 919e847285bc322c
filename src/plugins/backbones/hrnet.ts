import { add, relu, type Tensor4D } from '@tensorflow/tfjs-core';
import { type Static, Type } from 'typebox';
import { batchNorm } from '../../core/nn/layers/batch-norm.ts';
import {
  convolution,
  convolutionNorm,
  convolutionNormRelu,
  type MapLayer,
  sequence,
} from '../../core/nn/layers/convolution.ts';
import { type Interpolation, upsample } from '../../core/nn/layers/resample.ts';
import type { Backbone, BackboneContext } from '../../core/nn/model.ts';
import type { ForwardPass, ParameterScope } from '../../core/nn/parameters.ts';
import { definePlugin } from '../../core/plugins/definition.ts';

const options = Type.Object(
  {
    width: Type.Integer({
      description:
        'Channels of the finest branch; the others have 2, 4 and 8 times as many. Published: 18, 32, 48.',
      default: 18,
      minimum: 1,
    }),
    modules: Type.Tuple([count(1), count(1), count(1)], {
      description:
        'Modules (branches, then an exchange between them) in the stages with 2, 3 and 4 branches.',
      default: [1, 4, 3],
    }),
    blocks: Type.Integer({ description: 'Residual blocks a branch in each module.', default: 4, minimum: 1 }),
    stemWidth: Type.Integer({
      description: 'Channels after the two stride-2 convolutions of the stem.',
      default: 64,
      minimum: 2,
      multipleOf: 2,
    }),
    narrowStem: Type.Boolean({
      description: 'The first stem convolution has half of stemWidth: cheaper at full resolution.',
      default: false,
    }),
    bottlenecks: Type.Integer({
      description: 'Bottleneck blocks of the first stage.',
      default: 4,
      minimum: 1,
    }),
    channels: Type.Integer({
      description:
        'Channels C of the feature map: the branches, upsampled and concatenated, are projected to it.',
      default: 256,
      minimum: 1,
    }),
    upsampling: Type.Union([Type.Literal('bilinear'), Type.Literal('nearest')], {
      description: 'How coarser branches are enlarged: nearest in the published ImageNet weights.',
      default: 'bilinear',
    }),
  },
  { additionalProperties: false },
);

type HrnetOptions = Static<typeof options>;

/** The high-resolution network: branches at strides 4, 8, 16 and 32 that exchange what they see. */
export const hrnet = definePlugin({
  kind: 'backbone',
  type: 'hrnet',
  summary: 'HRNet: parallel branches of four resolutions, feature map at stride 4',
  source: 'Wang et al., Deep High-Resolution Representation Learning for Visual Recognition, TPAMI 2020',
  options,
  create: (chosen, context): Backbone => {
    const branches = hrnetBranches(chosen, context);
    const project = projection(context.scope.child('projection'), chosen);
    return {
      stride: 4,
      divisor: 32,
      channels: chosen.channels,
      forward: (images, pass) => project(branches(images, pass), pass),
    };
  },
});

type Maps = readonly Tensor4D[];
type BranchLayer = (branches: Maps, pass: ForwardPass) => Maps;

/** The network up to the concatenation: images -> maps at strides 4, 8, 16, 32 with w, 2w, 4w, 8w channels. */
export function hrnetBranches(
  chosen: Omit<HrnetOptions, 'channels'>,
  { scope, inputChannels }: BackboneContext,
): (images: Tensor4D, pass: ForwardPass) => Maps {
  const widths = [1, 2, 4, 8].map((factor) => factor * chosen.width);
  const stem = stemAndFirstStage(scope, inputChannels, chosen);
  const stages = chosen.modules.map((modules, index) => {
    const branchWidths = widths.slice(0, index + 2);
    const previous = index === 0 ? [4 * chosen.stemWidth] : widths.slice(0, index + 1);
    const split = transition(scope.child(`transition${index + 1}`), previous, branchWidths);
    const stage = scope.child(`stage${index + 2}`);
    const layers = Array.from({ length: modules }, (_, m) =>
      exchangeModule(stage.child(m), branchWidths, chosen),
    );
    return (maps: Maps, pass: ForwardPass) =>
      layers.reduce((current, layer) => layer(current, pass), split(maps, pass));
  });
  return (images, pass) => stages.reduce<Maps>((maps, stage) => stage(maps, pass), [stem(images, pass)]);
}

function stemAndFirstStage(
  scope: ParameterScope,
  inputChannels: number,
  { stemWidth, narrowStem, bottlenecks }: Pick<HrnetOptions, 'stemWidth' | 'narrowStem' | 'bottlenecks'>,
): MapLayer {
  const first = narrowStem ? stemWidth / 2 : stemWidth;
  const block = (index: number) =>
    bottleneck(scope.child('layer1').child(index), index === 0 ? stemWidth : 4 * stemWidth, stemWidth);
  return sequence(
    convolutionNormRelu(scope.child('stem1'), { from: inputChannels, to: first, stride: 2 }),
    convolutionNormRelu(scope.child('stem2'), { from: first, to: stemWidth, stride: 2 }),
    ...Array.from({ length: bottlenecks }, (_, index) => block(index)),
  );
}

/** 1x1, 3x3, 1x1 with four times the channels at the end, and a shortcut. */
function bottleneck(scope: ParameterScope, from: number, width: number): MapLayer {
  const to = 4 * width;
  const body = sequence(
    numbered(scope, 1, { from, to: width, kernel: 1 }),
    (maps) => relu(maps),
    numbered(scope, 2, { from: width, to: width }),
    (maps) => relu(maps),
    numbered(scope, 3, { from: width, to, kernel: 1 }),
  );
  if (from === to) return residual(body, (maps) => maps);
  return residual(body, convolutionNorm(scope.child('downsample'), { from, to, kernel: 1 }));
}

function basicBlock(scope: ParameterScope, width: number): MapLayer {
  const shape = { from: width, to: width };
  const body = sequence(numbered(scope, 1, shape), (maps) => relu(maps), numbered(scope, 2, shape));
  return residual(body, (maps) => maps);
}

/** The n-th convolution and norm of a block: `conv1`, `bn1`, … */
function numbered(scope: ParameterScope, n: number, shape: Parameters<typeof convolution>[1]): MapLayer {
  return sequence(convolution(scope.child(`conv${n}`), shape), batchNorm(scope.child(`bn${n}`), shape.to));
}

function residual(body: MapLayer, shortcut: MapLayer): MapLayer {
  return (maps, pass) => relu(add(shortcut(maps, pass), body(maps, pass)) as Tensor4D);
}

/** Fits the branches to the next stage's widths and adds a coarser one, made from the last. */
function transition(scope: ParameterScope, from: readonly number[], to: readonly number[]): BranchLayer {
  const layers = to.map((width, index): MapLayer => {
    const source = from[Math.min(index, from.length - 1)]!;
    const branch = scope.child(index);
    if (index >= from.length)
      return convolutionNormRelu(branch.child(0), { from: source, to: width, stride: 2 });
    if (source === width) return (maps) => maps;
    return convolutionNormRelu(branch, { from: source, to: width });
  });
  return (maps, pass) => layers.map((layer, index) => layer(maps[Math.min(index, maps.length - 1)]!, pass));
}

/** Residual blocks on every branch, then every branch receives the sum of all. */
function exchangeModule(
  scope: ParameterScope,
  widths: readonly number[],
  { blocks, upsampling }: Pick<HrnetOptions, 'blocks' | 'upsampling'>,
): BranchLayer {
  const branches = widths.map((width, branch) =>
    sequence(
      ...Array.from({ length: blocks }, (_, b) =>
        basicBlock(scope.child('branches').child(branch).child(b), width),
      ),
    ),
  );
  const exchange = widths.map((_, target) =>
    widths.map((__, source) =>
      route(scope.child('fuse_layers').child(target).child(source), widths, source, target, upsampling),
    ),
  );
  return (maps, pass) => {
    const refined = branches.map((branch, index) => branch(maps[index]!, pass));
    return exchange.map((routes) => {
      const received = routes.map((layer, source) => layer(refined[source]!, pass));
      return relu(received.reduce((total, map) => add(total, map)));
    });
  };
}

/** From one branch to another: strided convolutions towards coarser ones, 1x1 and enlarging towards finer ones. */
function route(
  scope: ParameterScope,
  widths: readonly number[],
  source: number,
  target: number,
  upsampling: Interpolation,
): MapLayer {
  const [from, to] = [widths[source]!, widths[target]!];
  if (source === target) return (maps) => maps;
  if (source > target) {
    const narrow = convolutionNorm(scope, { from, to, kernel: 1 });
    return (maps, pass) => upsample(narrow(maps, pass), 2 ** (source - target), upsampling);
  }
  const steps = Array.from({ length: target - source }, (_, step) =>
    step === target - source - 1
      ? convolutionNorm(scope.child(step), { from, to, stride: 2 })
      : convolutionNormRelu(scope.child(step), { from, to: from, stride: 2 }),
  );
  return sequence(...steps);
}

/**
 * Upsampling and concatenating the branches and projecting them by a 1x1 convolution is the same as projecting each
 * and adding them up, which is cheaper: the coarse branches are projected at their own size.
 */
function projection(scope: ParameterScope, { width, channels, upsampling }: HrnetOptions): BranchToMap {
  const layers = [1, 2, 4, 8].map((factor, branch) =>
    convolution(
      scope.child(branch),
      { from: factor * width, to: channels, kernel: 1 },
      { bias: branch === 0 },
    ),
  );
  return (maps, pass) =>
    layers
      .map((layer, branch) => upsample(layer(maps[branch]!, pass), 2 ** branch, upsampling))
      .reduce((total, map) => add(total, map));
}

type BranchToMap = (branches: Maps, pass: ForwardPass) => Tensor4D;

function count(minimum: number) {
  return Type.Integer({ minimum });
}
