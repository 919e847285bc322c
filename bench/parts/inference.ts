import { type ComparedCase, type Comparison, compare } from '../harness/comparison.ts';
import { ratioText } from '../harness/page.ts';
import type { Part, Table } from '../harness/part.ts';
import { caseOf, describeCase } from '../problem/case.ts';

const PEERS = ['fsx-bf16', 'eager', 'eager-bf16', 'onnxruntime'];
const ALL_PEERS = [...PEERS, 'compile', 'compile-bf16'];

const QUICK: readonly ComparedCase[] = [
  { chosen: caseOf({ backbone: 'small', batch: 1, sizePx: 64 }), peers: ['eager', 'onnxruntime'] },
];
const BATCHES = [1, 16];
const USUAL: readonly ComparedCase[] = BATCHES.map((batch) => ({
  chosen: caseOf({ batch }),
  peers: batch === 1 ? ALL_PEERS : PEERS,
}));
const EVERY: readonly ComparedCase[] = (['w18', 'small'] as const).flatMap((backbone) =>
  [256, 512].flatMap((sizePx) =>
    BATCHES.map((batch) => ({ chosen: caseOf({ backbone, batch, sizePx }), peers: ALL_PEERS })),
  ),
);

export const inference: Part = {
  title: 'Inference',
  measure: async (options) => {
    const measurements: Comparison[] = [];
    for (const compared of options.quick ? QUICK : options.all ? EVERY : USUAL) {
      measurements.push(await compare('predict', compared, options, { repetitions: 3 }));
    }
    const text =
      'Landmarks of images that are in memory, as `fsx predict` finds them without matching. Everyone has the same weights; the ' +
      'landmarks agree to 1e-4 of the image.';
    return { text, tables: measurements.map(tableOf), measurements };
  },
};

function tableOf({ case: chosen, timings, firstMs }: Comparison): Table {
  const rows = timings.map(({ id, name, medianMs, ratio }, index) => [
    name,
    medianMs.toFixed(0),
    ((1000 * chosen.batch) / medianMs).toFixed(1),
    index === 0 ? '' : ratioText(ratio),
    (firstMs[id]! / 1000).toFixed(1),
  ]);
  return {
    caption: describeCase(chosen),
    columns: ['', 'ms a batch', 'images/s', 'ratio', 'first batch, s'],
    rows,
  };
}
