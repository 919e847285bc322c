import type { Graph } from '../graph.ts';
import { fuseBatchNorm } from './batch-norm.ts';
import { fuseElementwise } from './elementwise.ts';
import { foldBatchNorm } from './fold-batch-norm.ts';
import { GraphEditor } from './graph-editor.ts';

/**
 * The same results in fewer passes over memory.
 *
 * @param hasOwnOps whether fsx's own ops (`native/`) can be used.
 */
export function fuse(graph: Graph, hasOwnOps: boolean): Graph {
  const editor = new GraphEditor(graph);
  foldBatchNorm(editor);
  if (hasOwnOps) {
    fuseBatchNorm(editor);
    fuseElementwise(editor);
  }
  return editor.graph();
}
