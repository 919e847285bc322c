import { type ComparedCase, type Comparison, compare } from '../harness/comparison.ts';
import { ratioText } from '../harness/page.ts';
import type { Part, Table } from '../harness/part.ts';
import { caseOf, describeCase } from '../problem/case.ts';

const STRATEGIES = ['supervised', 'few-shot-dag'] as const;
const EAGER = ['fsx-bf16', 'eager', 'eager-bf16'];
const COMPILED = [...EAGER, 'compile', 'compile-bf16'];

const QUICK: readonly ComparedCase[] = STRATEGIES.map((strategy) => ({
  chosen: caseOf({ strategy, backbone: 'small', batch: 1, sizePx: 64 }),
  peers: ['eager'],
}));

/** Compiling a step of W18 takes PyTorch minutes: only the first case has it. */
const USUAL: readonly ComparedCase[] = [
  { chosen: caseOf({}), peers: COMPILED },
  { chosen: caseOf({ strategy: 'few-shot-dag' }), peers: EAGER },
  { chosen: caseOf({ backbone: 'small', batch: 8 }), peers: EAGER },
  { chosen: caseOf({ strategy: 'few-shot-dag', backbone: 'small', batch: 8 }), peers: EAGER },
  { chosen: caseOf({ strategy: 'few-shot-dag', elastic: true, backbone: 'small', batch: 8 }), peers: EAGER },
];

const EVERY: readonly ComparedCase[] = STRATEGIES.flatMap((strategy) =>
  (['w18', 'small'] as const).flatMap((backbone) =>
    [2, 8].flatMap((batch) =>
      [256, 512].map((sizePx) => ({
        chosen: caseOf({ strategy, backbone, batch, sizePx }),
        peers: COMPILED,
      })),
    ),
  ),
);

export const step: Part = {
  title: 'Training step',
  measure: async (options) => {
    const measurements: Comparison[] = [];
    for (const compared of options.quick ? QUICK : options.all ? EVERY : USUAL) {
      measurements.push(await compare('train', compared, options));
    }
    const text =
      'Forward, backward, gradient clipping, AdamW and the moving average; with `few-shot-dag` also the teacher and the warp of ' +
      'its features. Everyone starts from the same weights and learns from the same batch; the first losses agree to 1e-4. ' +
      'The first step compiles.';
    return { text, tables: measurements.map(tableOf), measurements };
  },
};

function tableOf({ case: chosen, timings, firstMs }: Comparison): Table {
  const rows = timings.map(({ id, name, medianMs, ratio }) => [
    name,
    medianMs.toFixed(0),
    id.startsWith('fsx') ? '' : ratioText(ratio),
    (firstMs[id]! / 1000).toFixed(1),
  ]);
  return { caption: describeCase(chosen), columns: ['', 'ms a step', 'ratio', 'first step, s'], rows };
}
