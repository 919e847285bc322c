import { tensor2d } from '@tensorflow/tfjs-core';
import { Type } from 'typebox';
import { PluginError } from '../../core/errors.ts';
import { landmarkGraph, landmarkGraphOptions } from '../../core/nn/landmark-graph.ts';
import { graphConvolution } from '../../core/nn/layers/graph-convolution.ts';
import type { Anatomy, GraphHead } from '../../core/nn/model.ts';
import { definePlugin } from '../../core/plugins/definition.ts';

const options = Type.Object(
  {
    ...landmarkGraphOptions,
    topology: Type.Union([Type.Literal('nearest'), Type.Literal('anatomical')], {
      description: "Who hears whom: the nearest landmarks of the mean shape, or the dataset's own edges.",
      default: 'nearest',
    }),
    neighbours: Type.Integer({
      description: 'How many nearest landmarks each is joined to (topology: nearest).',
      default: 3,
      minimum: 1,
    }),
  },
  { additionalProperties: false },
);

/**
 * `dag` without its learned edges: a landmark hears the mean of those that it is joined to, in both directions. What a
 * learned topology is worth is the difference between the two.
 */
export const dagFixed = definePlugin({
  kind: 'graph-head',
  type: 'dag-fixed',
  summary: 'Deep adaptive graph with fixed edges: nearest neighbours or anatomy; the ablation of dag',
  source: 'Li et al., ECCV 2020 (its comparison of graph structures)',
  options,
  create: ({ topology, neighbours, ...shape }, context): GraphHead => {
    const joined = topology === 'nearest' ? nearestPairs(context, neighbours) : anatomicalPairs(context);
    const weights = meanOfNeighbours(joined, context.landmarkCount);
    const graph = landmarkGraph(shape, context, () => graphConvolution(() => tensor2d(weights)));
    return { ...graph, edgeMatrices: [] };
  },
});

type Pairs = Anatomy['edges'];

/** Each landmark with those that lie nearest in the mean shape, in [0, 1] of the image along both axes. */
function nearestPairs({ landmarkCount, meanShape }: Anatomy, neighbours: number): Pairs {
  const landmarks = Array.from({ length: landmarkCount }, (_, landmark) => landmark);
  const distance = (a: number, b: number) =>
    Math.hypot(meanShape[2 * a]! - meanShape[2 * b]!, meanShape[2 * a + 1]! - meanShape[2 * b + 1]!);
  return landmarks.flatMap((own) =>
    landmarks
      .filter((other) => other !== own)
      .sort((a, b) => distance(own, a) - distance(own, b))
      .slice(0, neighbours)
      .map((other) => [own, other] as const),
  );
}

function anatomicalPairs({ edges }: Anatomy): Pairs {
  if (edges.length > 0) return edges;
  throw new PluginError('FSX_HEAD_NO_EDGES', 'the dataset joins no landmarks, and the head needs its edges', {
    suggestion: 'Name edges in the dataset, or set the topology of the head to nearest.',
  });
}

/** Row i: 1 / degree at those that landmark i is joined to, 0 elsewhere. */
function meanOfNeighbours(pairs: Pairs, count: number): number[][] {
  const heard = Array.from({ length: count }, () => new Set<number>());
  for (const [a, b] of pairs) {
    heard[a]!.add(b);
    heard[b]!.add(a);
  }
  return heard.map((others) =>
    Array.from({ length: count }, (_, other) => (others.has(other) ? 1 / others.size : 0)),
  );
}
