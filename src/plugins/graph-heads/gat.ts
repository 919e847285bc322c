import { Type } from 'typebox';
import { PluginError } from '../../core/errors.ts';
import { landmarkGraph, landmarkGraphOptions } from '../../core/nn/landmark-graph.ts';
import { graphAttention } from '../../core/nn/layers/graph-attention.ts';
import type { GraphHead } from '../../core/nn/model.ts';
import { definePlugin } from '../../core/plugins/definition.ts';

const options = Type.Object(
  {
    ...landmarkGraphOptions,
    attentionHeads: Type.Integer({
      description: 'Attention heads of each layer (K); must divide the hidden channels.',
      default: 4,
      minimum: 1,
    }),
  },
  { additionalProperties: false },
);

/** The steps of `dag`, where each image decides by attention how the landmarks hear each other. */
export const gat = definePlugin({
  kind: 'graph-head',
  type: 'gat',
  summary: 'Graph attention in place of the learned edges of dag',
  source: 'Veličković et al., Graph Attention Networks, ICLR 2018; steps of Li et al., ECCV 2020',
  options,
  create: ({ attentionHeads, ...shape }, context): GraphHead => {
    if (shape.hidden % attentionHeads !== 0) throw unequalHeads(shape.hidden, attentionHeads);
    const graph = landmarkGraph(shape, context, () => graphAttention(attentionHeads));
    return { ...graph, edgeMatrices: [] };
  },
});

function unequalHeads(hidden: number, heads: number): PluginError {
  return new PluginError('FSX_HEAD_ATTENTION', `${heads} attention heads cannot share ${hidden} channels`, {
    suggestion: `Set the head's hidden to a multiple of ${heads}.`,
  });
}
