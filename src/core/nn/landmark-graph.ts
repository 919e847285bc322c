import {
  add,
  concat,
  div,
  maximum,
  mean,
  mul,
  relu,
  reshape,
  slice,
  squeeze,
  sub,
  type Tensor2D,
  type Tensor3D,
  type Tensor4D,
  tensor1d,
  tile,
  transpose,
} from '@tensorflow/tfjs-core';
import { Type } from 'typebox';
import { sampleBilinear } from '../engine/ops/sample-bilinear.ts';
import { type GraphLayer, type GraphLayerMaker, graphResidualBlock } from './layers/graph-convolution.ts';
import { type FeatureLayer, linear } from './layers/linear.ts';
import { coordinateOffers, logScaleLayer, uncertaintyOption } from './layers/log-scale.ts';
import type { GraphHead, GraphHeadContext, HeadOutput } from './model.ts';
import type { ForwardPass, ParameterScope } from './parameters.ts';

/** Options of every head that is made by `landmarkGraph`. */
export const landmarkGraphOptions = {
  hidden: Type.Integer({ description: 'Channels of the graph layers.', default: 128, minimum: 1 }),
  blocks: Type.Integer({
    description: 'Residual blocks of each of the two networks.',
    default: 3,
    minimum: 0,
  }),
  localSteps: Type.Integer({
    description: 'How often the local network moves the landmarks (T), with shared weights.',
    default: 3,
    minimum: 1,
  }),
  global: Type.Boolean({
    description: 'Begin with the global network, a perspective transform of the mean shape.',
    default: true,
  }),
  uncertainty: uncertaintyOption,
};

export interface LandmarkGraphShape {
  readonly hidden: number;
  readonly blocks: number;
  readonly localSteps: number;
  readonly global: boolean;
  readonly uncertainty: boolean;
}

/** The homogeneous coordinate is never smaller than this, so that a transform cannot send a point to infinity. */
const SMALLEST_DENOMINATOR = 0.25;
const IDENTITY = [1, 0, 0, 0, 1, 0, 0, 0, 1];

/**
 * Landmarks as a graph that moves (Li et al., ECCV 2020): a global network places the mean shape by a perspective
 * transform, then a local network moves every landmark step by step, each reading the feature map where its landmark
 * stands. Both last layers start at zero.
 *
 * @param layersOf how the nodes of one of the two networks hear each other; called once for each, with its scope.
 */
export function landmarkGraph(
  shape: LandmarkGraphShape,
  { scope, landmarkCount, featureChannels }: GraphHeadContext,
  layersOf: (scope: ParameterScope) => GraphLayerMaker,
): Pick<GraphHead, 'offers' | 'forward'> {
  const { hidden, localSteps, global, uncertainty } = shape;
  const channels = featureChannels + 2 * landmarkCount;
  const network = (child: ParameterScope, outputs: number) =>
    graphNetwork(child, { ...shape, channels, outputs }, layersOf(child));
  const globalNetwork = global ? network(scope.child('global'), 9) : undefined;
  const local = scope.child('local');
  const localNetwork = network(local, 2);
  const logScale = uncertainty ? logScaleLayer(local.child('logScale'), hidden, 1) : undefined;
  return {
    offers: coordinateOffers(uncertainty),
    forward: (features, meanShape, pass) => {
      const start = broadcastShape(meanShape, features.shape[0]);
      const placed = globalNetwork === undefined ? start : place(globalNetwork, features, start, pass);
      const { nodes, ...output } = refine(localNetwork, features, placed, localSteps, pass);
      if (logScale === undefined) return output;
      return { ...output, logScale: transpose(squeeze(logScale(nodes, pass), [2])) as Tensor2D };
    },
  };
}

interface GraphNetwork {
  /** Node features `[nodes, batch, channels]` -> hidden node features, before the last layer. */
  readonly body: GraphLayer;
  readonly last: FeatureLayer;
}

interface GraphNetworkShape {
  readonly channels: number;
  readonly hidden: number;
  readonly blocks: number;
  readonly outputs: number;
}

/** A graph layer, residual blocks, and a linear layer. */
function graphNetwork(
  scope: ParameterScope,
  { channels, hidden, blocks, outputs }: GraphNetworkShape,
  layer: GraphLayerMaker,
): GraphNetwork {
  const first = layer(scope.child('first'), channels, hidden);
  const rest = Array.from({ length: blocks }, (_, b) =>
    graphResidualBlock(scope.child('blocks').child(b), hidden, layer),
  );
  return {
    body: (features, pass) => {
      const start = relu(first(features, pass));
      return rest.reduce((current, block) => block(current, pass), start);
    },
    last: linear(scope.child('last'), hidden, outputs, { zero: true }),
  };
}

/** `v¹ = M v⁰`: M is predicted from the graph as a whole and acts around the shape's centroid. */
function place(network: GraphNetwork, features: Tensor4D, shape: Tensor3D, pass: ForwardPass): Tensor3D {
  const pooled = mean(network.body(nodeFeatures(features, shape), pass), 0);
  const matrix = add(network.last(pooled, pass), tensor1d(IDENTITY));
  const centroid = mean(shape, 1, true);
  return add(project(sub(shape, centroid), matrix as Tensor2D), centroid);
}

/** Points `[batch, points, 2]` through 3 x 3 matrices `[batch, 9]` in homogeneous coordinates. */
function project(points: Tensor3D, matrices: Tensor2D): Tensor3D {
  const [batch, count] = points.shape;
  const x = slice(points, [0, 0, 0], [-1, -1, 1]);
  const y = slice(points, [0, 0, 1], [-1, -1, 1]);
  const row = (first: number) => {
    const entry = (index: number) => reshape(slice(matrices, [0, index], [batch, 1]), [batch, 1, 1]);
    return add(add(mul(entry(first), x), mul(entry(first + 1), y)), entry(first + 2));
  };
  const denominator = maximum(row(6), SMALLEST_DENOMINATOR);
  return reshape(concat([div(row(0), denominator), div(row(3), denominator)], 2), [batch, count, 2]);
}

interface Refinement extends HeadOutput {
  /** The hidden features that the last move was made from. */
  readonly nodes: Tensor3D;
}

/** `v^{t+1} = v^t + Δv^t`, T times. */
function refine(
  network: GraphNetwork,
  features: Tensor4D,
  start: Tensor3D,
  steps: number,
  pass: ForwardPass,
): Refinement {
  const trajectory = [start];
  let nodes!: Tensor3D;
  for (let step = 0; step < steps; step++) {
    const landmarks = trajectory.at(-1)!;
    nodes = network.body(nodeFeatures(features, landmarks), pass);
    const offsets = network.last(nodes, pass);
    trajectory.push(add(landmarks, transpose(mul(offsets, 0.5), [1, 0, 2])) as Tensor3D);
  }
  return { landmarks: trajectory.at(-1)!, trajectory, nodes };
}

/**
 * `[nodes, batch, C + 2 nodes]`: the feature map read at each landmark, and the displacements to all landmarks in
 * units of half the image.
 */
function nodeFeatures(features: Tensor4D, landmarks: Tensor3D): Tensor3D {
  const [batch, nodes] = landmarks.shape;
  const appearance = sampleBilinear(features, landmarks);
  const others = reshape(landmarks, [batch, 1, nodes, 2]);
  const own = reshape(landmarks, [batch, nodes, 1, 2]);
  const displacements = reshape(mul(sub(others, own), 2), [batch, nodes, 2 * nodes]);
  return transpose(concat([appearance, displacements], 2), [1, 0, 2]) as Tensor3D;
}

/** `[batch, landmarks, 2]`: the shape once for every image. */
function broadcastShape(shape: Tensor2D, batch: number): Tensor3D {
  return tile(reshape(shape, [1, ...shape.shape]), [batch, 1, 1]) as Tensor3D;
}
