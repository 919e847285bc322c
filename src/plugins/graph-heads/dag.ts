import type { Tensor2D } from '@tensorflow/tfjs-core';
import { Type } from 'typebox';
import { constant } from '../../core/nn/initializers.ts';
import { landmarkGraph, landmarkGraphOptions } from '../../core/nn/landmark-graph.ts';
import { graphConvolution } from '../../core/nn/layers/graph-convolution.ts';
import type { GraphHead } from '../../core/nn/model.ts';
import { definePlugin } from '../../core/plugins/definition.ts';

const options = Type.Object(landmarkGraphOptions, { additionalProperties: false });

/**
 * Deep adaptive graph: graph convolutions whose edge matrix, one for the global network and one for the local, is
 * learned with everything else.
 */
export const dag = definePlugin({
  kind: 'graph-head',
  type: 'dag',
  summary: 'Deep adaptive graph: global perspective transform, then local graph steps; learned edges',
  source: 'Li et al., Structured Landmark Detection via Topology-Adapting Deep Graph Learning, ECCV 2020',
  options,
  create: (shape, context): GraphHead => {
    const { landmarkCount: nodes } = context;
    const edgeMatrices: string[] = [];
    const graph = landmarkGraph(shape, context, (scope) => {
      const edges = scope.parameter('edges', [nodes, nodes], constant(1 / nodes));
      edgeMatrices.push(edges.name);
      return graphConvolution((pass) => pass.parameter(edges) as Tensor2D);
    });
    return { ...graph, edgeMatrices };
  },
});
