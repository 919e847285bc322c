import { add, relu, type Tensor4D } from '@tensorflow/tfjs-core';
import { type TSchema, Type } from 'typebox';
import {
  convolution,
  convolutionNorm,
  convolutionNormRelu,
  type MapLayer,
  sequence,
} from '../../core/nn/layers/convolution.ts';
import type { PyramidLayer } from '../../core/nn/layers/feature-pyramid.ts';
import { type Interpolation, upsample } from '../../core/nn/layers/resample.ts';
import { BOTTLENECK_EXPANSION, basicBlock, bottleneck } from '../../core/nn/layers/residual.ts';
import type { Backbone, BackboneContext, PublishedWeights } from '../../core/nn/model.ts';
import type { ForwardPass, ParameterScope } from '../../core/nn/parameters.ts';
import { definePlugin } from '../../core/plugins/definition.ts';

/** What a network is made of, all of it named. */
export interface HrnetShape {
  readonly width: number;
  readonly modules: readonly [number, number, number];
  readonly blocks: number;
  readonly stemWidth: number;
  readonly narrowStem: boolean;
  readonly bottlenecks: number;
  readonly channels: number;
}

/** As published but for the width of the branches. */
const W18: HrnetShape = {
  width: 18,
  modules: [1, 4, 3],
  blocks: 4,
  stemWidth: 64,
  narrowStem: false,
  bottlenecks: 4,
  channels: 256,
};

const PRESETS = {
  w18: W18,
  w32: { ...W18, width: 32 },
  w48: { ...W18, width: 48 },
  small: {
    ...{ width: 8, modules: [1, 1, 1], blocks: 2, stemWidth: 32 },
    ...{ narrowStem: true, bottlenecks: 1, channels: 64 },
  },
} as const satisfies Readonly<Record<string, HrnetShape>>;

const options = Type.Object(
  {
    preset: Type.Union(
      [Type.Literal('w18'), Type.Literal('w32'), Type.Literal('w48'), Type.Literal('small')],
      {
        description:
          'The network that the options below change. w18, w32, w48: the published widths; small: 0.4 million parameters for small machines.',
        default: 'w18',
      },
    ),
    width: changed(
      count(1),
      'Channels of the finest branch; the others have 2, 4 and 8 times as many',
      ({ width }) => width,
    ),
    modules: changed(
      Type.Tuple([count(1), count(1), count(1)]),
      'Modules (branches, then an exchange between them) in the stages with 2, 3 and 4 branches',
      ({ modules }) => `[${modules.join(', ')}]`,
    ),
    blocks: changed(count(1), 'Residual blocks a branch in each module', ({ blocks }) => blocks),
    stemWidth: changed(
      Type.Integer({ minimum: 2, multipleOf: 2 }),
      'Channels after the two stride-2 convolutions of the stem',
      ({ stemWidth }) => stemWidth,
    ),
    narrowStem: changed(
      Type.Boolean(),
      'Whether the first stem convolution has half of stemWidth: cheaper at full resolution',
      ({ narrowStem }) => narrowStem,
    ),
    bottlenecks: changed(count(1), 'Bottleneck blocks of the first stage', ({ bottlenecks }) => bottlenecks),
    channels: changed(
      count(1),
      'Channels C of the feature map: the branches, upsampled and concatenated, are projected to it',
      ({ channels }) => channels,
    ),
    upsampling: Type.Union([Type.Literal('bilinear'), Type.Literal('nearest')], {
      description: 'How coarser branches are enlarged: nearest in the published ImageNet weights.',
      default: 'bilinear',
    }),
  },
  { additionalProperties: false },
);

/** The high-resolution network: branches at strides 4, 8, 16 and 32 that exchange what they see. */
export const hrnet = definePlugin({
  kind: 'backbone',
  type: 'hrnet',
  summary: 'HRNet: parallel branches of four resolutions, feature map at stride 4',
  source: 'Wang et al., Deep High-Resolution Representation Learning for Visual Recognition, TPAMI 2020',
  options,
  create: ({ preset, upsampling, ...changes }, context): Backbone => {
    const shape = changedShape(PRESETS[preset], changes);
    const branches = hrnetBranches({ ...shape, upsampling }, context);
    const project = projection(context.scope.child('projection'), shape, upsampling);
    return {
      stride: 4,
      divisor: 32,
      channels: shape.channels,
      published: PUBLISHED_HRNET,
      forward: (images, pass) => project(branches(images, pass), pass),
    };
  },
});

/** timm's `hrnet_w18`, `hrnet_w32`, …: its classifier reads the branches through modules of its own. */
export const PUBLISHED_HRNET: PublishedWeights = {
  beyond: /^(incre_modules|downsamp_modules|final_layer|classifier)\./,
  own: ['projection'],
  layerOf: (layer) => layer.replace(/^conv(\d)$/, 'stem$1.conv').replace(/^bn(\d)$/, 'stem$1.norm'),
};

type Maps = readonly Tensor4D[];
type BranchLayer = (branches: Maps, pass: ForwardPass) => Maps;

/** The network up to the concatenation: images -> maps at strides 4, 8, 16, 32 with w, 2w, 4w, 8w channels. */
export function hrnetBranches(
  chosen: Omit<HrnetShape, 'channels'> & { readonly upsampling: Interpolation },
  { scope, inputChannels }: BackboneContext,
): (images: Tensor4D, pass: ForwardPass) => Maps {
  const widths = [1, 2, 4, 8].map((factor) => factor * chosen.width);
  const stem = stemAndFirstStage(scope, inputChannels, chosen);
  const stages = chosen.modules.map((modules, index) => {
    const branchWidths = widths.slice(0, index + 2);
    const previous = index === 0 ? [BOTTLENECK_EXPANSION * chosen.stemWidth] : widths.slice(0, index + 1);
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
  { stemWidth, narrowStem, bottlenecks }: Pick<HrnetShape, 'stemWidth' | 'narrowStem' | 'bottlenecks'>,
): MapLayer {
  const first = narrowStem ? stemWidth / 2 : stemWidth;
  const block = (index: number) =>
    bottleneck(scope.child('layer1').child(index), {
      from: index === 0 ? stemWidth : BOTTLENECK_EXPANSION * stemWidth,
      width: stemWidth,
    });
  return sequence(
    convolutionNormRelu(scope.child('stem1'), { from: inputChannels, to: first, stride: 2 }),
    convolutionNormRelu(scope.child('stem2'), { from: first, to: stemWidth, stride: 2 }),
    ...Array.from({ length: bottlenecks }, (_, index) => block(index)),
  );
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
  { blocks, upsampling }: Pick<HrnetShape, 'blocks'> & { readonly upsampling: Interpolation },
): BranchLayer {
  const branches = widths.map((width, branch) =>
    sequence(
      ...Array.from({ length: blocks }, (_, b) =>
        basicBlock(scope.child('branches').child(branch).child(b), { from: width, width }),
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
function projection(
  scope: ParameterScope,
  { width, channels }: HrnetShape,
  upsampling: Interpolation,
): PyramidLayer {
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

/** The preset's network with what a recipe says otherwise. */
function changedShape(preset: HrnetShape, changes: Nullable<HrnetShape>): HrnetShape {
  const given = Object.entries(changes).filter(([, value]) => value !== null);
  return { ...preset, ...Object.fromEntries(given) };
}

type Nullable<T> = { readonly [K in keyof T]: T[K] | null };

/** An option whose default is the preset's value, which the description tells for each preset. */
function changed<S extends TSchema>(schema: S, what: string, value: (preset: HrnetShape) => unknown) {
  const values = Object.entries(PRESETS).map(([name, preset]) => `${name} ${value(preset)}`);
  const description = `${what}; null takes the preset's (${values.join(', ')}).`;
  return Type.Union([schema, Type.Null()], { description, default: null });
}

function count(minimum: number) {
  return Type.Integer({ minimum });
}
