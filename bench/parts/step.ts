import { join } from 'node:path';
import type { Estimate } from '../../src/core/evaluation/bootstrap.ts';
import { agreeOnFirstStep } from '../harness/agreement.ts';
import { closeAll, FSX, openAll, PEERS } from '../harness/entrants.ts';
import type { BenchOptions, Findings, Part, Table } from '../harness/part.ts';
import { medianMs, ratioOf, type Timing, takeTurns } from '../harness/rounds.ts';
import { type Case, caseOf, describeCase } from '../problem/case.ts';
import { writeProblem } from '../problem/problem-file.ts';

interface CaseToRun {
  readonly chosen: Case;
  readonly peers: readonly string[];
}

const EAGER = ['eager', 'eager-bf16'];
const COMPILED = [...EAGER, 'compile', 'compile-bf16'];

const QUICK: readonly CaseToRun[] = (['supervised', 'few-shot-dag'] as const).map((strategy) => ({
  chosen: caseOf({ strategy, backbone: 'small', batch: 1, sizePx: 64 }),
  peers: ['eager'],
}));

/** Compiling a step of W18 takes PyTorch minutes: only the first case of those that matter has it. */
const USUAL: readonly CaseToRun[] = [
  { chosen: caseOf({}), peers: COMPILED },
  { chosen: caseOf({ strategy: 'few-shot-dag' }), peers: EAGER },
  { chosen: caseOf({ backbone: 'small', batch: 8 }), peers: EAGER },
  { chosen: caseOf({ strategy: 'few-shot-dag', backbone: 'small', batch: 8 }), peers: EAGER },
];

const EVERY: readonly CaseToRun[] = (['supervised', 'few-shot-dag'] as const).flatMap((strategy) =>
  (['w18', 'small'] as const).flatMap((backbone) =>
    [2, 8].flatMap((batch) =>
      [256, 512].map((sizePx) => ({
        chosen: caseOf({ strategy, backbone, batch, sizePx }),
        peers: COMPILED,
      })),
    ),
  ),
);

interface StepResult {
  readonly case: Case;
  readonly entrants: readonly (Timing & { readonly medianMs: number; readonly ratio: Estimate })[];
}

export const step: Part = {
  title: 'Training step',
  measure: async (options) => {
    const cases = options.quick ? QUICK : options.all ? EVERY : USUAL;
    const measurements: StepResult[] = [];
    for (const { chosen, peers } of cases) {
      measurements.push(await measureCase(chosen, options.peers ?? peers, options));
    }
    return findingsOf(measurements);
  },
};

async function measureCase(
  chosen: Case,
  peers: readonly string[],
  { rounds, threads, scratch }: BenchOptions,
): Promise<StepResult> {
  console.error(describeCase(chosen));
  const path = join(scratch, 'problem.safetensors');
  await writeProblem(path, chosen);
  const entrants = [FSX, ...PEERS.filter(({ id }) => peers.includes(id))];
  const competitors = await openAll(entrants, 'train', threads, path);
  try {
    await agreeOnFirstStep(competitors);
    const timings = await takeTurns(competitors, { rounds, repetitions: 2, warmUp: 2 });
    const results = timings.map((timing) => ({
      ...timing,
      medianMs: medianMs(timing),
      ratio: ratioOf(timings[0]!, timing),
    }));
    return { case: chosen, entrants: results };
  } finally {
    await closeAll(competitors);
  }
}

function findingsOf(measurements: readonly StepResult[]): Findings {
  const text =
    'Forward, backward, gradient clipping, AdamW and the moving average; with `few-shot-dag` also the teacher and the warp of ' +
    'its features. Both start from the same weights and learn from the same batch; their first losses agree to 1e-4.';
  return { text, tables: measurements.map(tableOf), measurements };
}

function tableOf({ case: chosen, entrants }: StepResult): Table {
  const rows = entrants.map(({ name, medianMs, ratio }, index) => [
    name,
    medianMs.toFixed(0),
    index === 0 ? '' : `${ratio.value.toFixed(2)} (${ratio.low.toFixed(2)} to ${ratio.high.toFixed(2)})`,
  ]);
  return { caption: describeCase(chosen), columns: ['', 'ms a step', 'fsx takes'], rows };
}
