import * as tf from '@tensorflow/tfjs-core';
import { buildGraph, type GraphNode } from '../../../../../src/core/engine/compiled/graph.ts';
import { record } from '../../../../../src/core/engine/compiled/recording.ts';
import { rewriteGraph } from '../../../../../src/core/engine/compiled/rewrites/rewrite.ts';
import type { Precision, TensorFunction } from '../../../../../src/core/engine/engine.ts';
import type { TensorFlowBackend } from '../../../../../src/core/engine/native/tensorflow.ts';

/** The nodes of the function's graph after all rewrites. */
export function rewrittenNodes(
  run: TensorFunction,
  inputs: tf.NamedTensorMap,
  precision: Precision = 'float32',
): readonly GraphNode[] {
  const backend = tf.backend() as TensorFlowBackend;
  const { recording, result } = record(backend, 'test', Object.values(inputs), () => run(inputs));
  const idsOf = (tensors: tf.NamedTensorMap) => backend.getInputTensorIds(Object.values(tensors));
  const graph = buildGraph(backend.binding, recording, idsOf(inputs), idsOf(result));
  return rewriteGraph(graph, { hasOwnOps: true, precision }).nodes;
}

/** The ops among them that do more than hand numbers on. */
export function rewrittenOps(...call: Parameters<typeof rewrittenNodes>): string[] {
  return rewrittenNodes(...call)
    .map(({ op }) => op)
    .filter((op) => !['Const', 'Placeholder', 'Reshape'].includes(op));
}
