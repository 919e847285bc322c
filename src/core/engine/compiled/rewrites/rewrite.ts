import type { Precision } from '../../engine.ts';
import type { Graph } from '../graph.ts';
import { fuseBatchNorm } from './batch-norm.ts';
import { computeInBf16 } from './bf16.ts';
import { fillRegistersWithPixels } from './convolution.ts';
import { fuseElementwise } from './elementwise.ts';
import { cutInputGradients, padBeforeFilterGradients } from './explicit-padding.ts';
import { foldBatchNorm } from './fold-batch-norm.ts';
import { GraphEditor } from './graph-editor.ts';
import { removeNoOps } from './no-ops.ts';

export interface RewriteOptions {
  /** Whether fsx's own ops (`native/`) can be used. */
  readonly hasOwnOps: boolean;
  readonly precision: Precision;
}

/** The same results in fewer passes over memory; or, in bf16, nearly the same. */
export function rewriteGraph(graph: Graph, { hasOwnOps, precision }: RewriteOptions): Graph {
  const editor = new GraphEditor(graph);
  removeNoOps(editor);
  foldBatchNorm(editor);
  if (hasOwnOps) {
    padBeforeFilterGradients(editor);
    fuseBatchNorm(editor);
  }
  if (precision === 'bf16') {
    cutInputGradients(editor);
    computeInBf16(editor);
  }
  if (hasOwnOps) {
    fillRegistersWithPixels(editor);
    fuseElementwise(editor);
  }
  return editor.graph();
}
