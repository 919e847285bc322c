import type { Precision } from '../../engine.ts';
import type { Graph } from '../graph.ts';
import { fuseBatchNorm } from './batch-norm.ts';
import { convolveInBf16 } from './bf16.ts';
import { fuseElementwise } from './elementwise.ts';
import { foldBatchNorm } from './fold-batch-norm.ts';
import { GraphEditor } from './graph-editor.ts';

export interface RewriteOptions {
  /** Whether fsx's own ops (`native/`) can be used. */
  readonly hasOwnOps: boolean;
  readonly precision: Precision;
}

/** The same results in fewer passes over memory; or, in bf16, nearly the same. */
export function rewriteGraph(graph: Graph, { hasOwnOps, precision }: RewriteOptions): Graph {
  const editor = new GraphEditor(graph);
  foldBatchNorm(editor);
  if (hasOwnOps) {
    fuseBatchNorm(editor);
    fuseElementwise(editor);
  }
  if (precision === 'bf16') convolveInBf16(editor);
  return editor.graph();
}
