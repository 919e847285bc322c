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
  sub,
  type Tensor,
  type Tensor2D,
  type Tensor3D,
  type Tensor4D,
  tensor1d,
  tile,
  transpose,
} from '@tensorflow/tfjs-core';
import { Type } from 'typebox';
import { constant } from '../../core/nn/initializers.ts';
import { graphConvolution, graphResidualBlock } from '../../core/nn/layers/graph-convolution.ts';
import { linear } from '../../core/nn/layers/linear.ts';
import { sampleBilinear } from '../../core/nn/layers/sampling.ts';
import type { GraphHead, HeadOutput } from '../../core/nn/model.ts';
import type { ForwardPass, ParameterScope } from '../../core/nn/parameters.ts';
import { definePlugin } from '../../core/plugins/definition.ts';

const options = Type.Object(
  {
    hidden: Type.Integer({ description: 'Channels of the graph convolutions.', default: 128, minimum: 1 }),
    blocks: Type.Integer({ description: 'Residual blocks of each of the two GCNs.', default: 3, minimum: 0 }),
    localSteps: Type.Integer({
      description: 'How often the local GCN moves the landmarks (T), with shared weights.',
      default: 3,
      minimum: 1,
    }),
    global: Type.Boolean({
      description: 'Begin with the global GCN, a perspective transform of the mean shape.',
      default: true,
    }),
  },
  { additionalProperties: false },
);

/** The homogeneous coordinate is never smaller than this, so that a transform cannot send a point to infinity. */
const SMALLEST_DENOMINATOR = 0.25;
const IDENTITY = [1, 0, 0, 0, 1, 0, 0, 0, 1];

/**
 * Deep adaptive graph: a global GCN places the mean shape by a perspective transform, then a local GCN moves every
 * landmark step by step, each reading the feature map where its landmark stands. Both last layers start at zero.
 */
export const dag = definePlugin({
  kind: 'graph-head',
  type: 'dag',
  summary: 'Deep adaptive graph: global perspective transform, then local graph steps; learned edges',
  source: 'Li et al., Structured Landmark Detection via Topology-Adapting Deep Graph Learning, ECCV 2020',
  options,
  create: ({ hidden, blocks, localSteps, global }, { scope, landmarkCount, featureChannels }): GraphHead => {
    const channels = featureChannels + 2 * landmarkCount;
    const shape = { nodes: landmarkCount, channels, hidden, blocks };
    const globalNetwork = global ? graphNetwork(scope.child('global'), { ...shape, outputs: 9 }) : undefined;
    const localNetwork = graphNetwork(scope.child('local'), { ...shape, outputs: 2 });
    return {
      offers: ['coordinates'],
      edgeMatrices: [globalNetwork, localNetwork].flatMap((network) => network?.edgesName ?? []),
      forward: (features, meanShape, pass) => {
        const start = broadcastShape(meanShape, features.shape[0]);
        const placed = globalNetwork === undefined ? start : place(globalNetwork, features, start, pass);
        return refine(localNetwork, features, placed, localSteps, pass);
      },
    };
  },
});

interface GraphNetwork {
  readonly edgesName: string;
  /** Node features `[nodes, batch, channels]` -> hidden node features, before the last layer. */
  readonly body: (nodes: Tensor3D, pass: ForwardPass) => Tensor3D;
  readonly last: (features: Tensor, pass: ForwardPass) => Tensor;
}

interface GraphNetworkShape {
  readonly nodes: number;
  readonly channels: number;
  readonly hidden: number;
  readonly blocks: number;
  readonly outputs: number;
}

/** One GCN: a graph convolution, residual blocks, and a linear layer; one edge matrix for all of them. */
function graphNetwork(scope: ParameterScope, shape: GraphNetworkShape): GraphNetwork {
  const { nodes, channels, hidden, blocks, outputs } = shape;
  const edges = scope.parameter('edges', [nodes, nodes], constant(1 / nodes));
  const first = graphConvolution(scope.child('first'), channels, hidden);
  const rest = Array.from({ length: blocks }, (_, b) =>
    graphResidualBlock(scope.child('blocks').child(b), hidden),
  );
  return {
    edgesName: edges.name,
    body: (features, pass) => {
      const matrix = pass.parameter(edges) as Tensor2D;
      const start = relu(first(features, matrix, pass));
      return rest.reduce((current, block) => block(current, matrix, pass), start);
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

/** `v^{t+1} = v^t + Δv^t`, T times. */
function refine(
  network: GraphNetwork,
  features: Tensor4D,
  start: Tensor3D,
  steps: number,
  pass: ForwardPass,
): HeadOutput {
  const trajectory = [start];
  for (let step = 0; step < steps; step++) {
    const landmarks = trajectory.at(-1)!;
    const offsets = network.last(network.body(nodeFeatures(features, landmarks), pass), pass);
    trajectory.push(add(landmarks, transpose(mul(offsets, 0.5), [1, 0, 2])) as Tensor3D);
  }
  return { landmarks: trajectory.at(-1)!, trajectory };
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

function broadcastShape(shape: Tensor2D, batch: number): Tensor3D {
  return tile(reshape(shape, [1, ...shape.shape]), [batch, 1, 1]) as Tensor3D;
}
