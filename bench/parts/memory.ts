import { type ComparedCase, withField } from '../harness/comparison.ts';
import type { BenchOptions, Part } from '../harness/part.ts';
import { peakMemoryMb } from '../harness/peak-memory.ts';
import { type Case, caseOf, describeCase } from '../problem/case.ts';

const PEERS = ['fsx-bf16', 'eager', 'eager-bf16'];
const STEPS = 3;

const QUICK = [caseOf({ backbone: 'small', batch: 1, sizePx: 64 })];
const USUAL = [
  caseOf({}),
  caseOf({ strategy: 'few-shot-dag' }),
  caseOf({ backbone: 'small', batch: 8 }),
  caseOf({ strategy: 'few-shot-dag', backbone: 'small', batch: 8 }),
  caseOf({ strategy: 'few-shot-dag', elastic: true, backbone: 'small', batch: 8 }),
];

interface Peak {
  readonly case: Case;
  readonly name: string;
  readonly peakMb: number | undefined;
}

export const memory: Part = {
  title: 'Memory',
  measure: async (options) => {
    const measurements: Peak[] = [];
    for (const chosen of options.quick ? QUICK : USUAL) {
      measurements.push(...(await peaksOf({ chosen, peers: PEERS }, options)));
    }
    const rows = measurements.map(({ case: chosen, name, peakMb }) => [
      describeCase(chosen),
      name,
      peakMb?.toFixed(0) ?? 'not told',
    ]);
    return {
      text: `The most memory that a process has had in use (VmHWM) after ${STEPS} steps, its libraries included.`,
      tables: [{ caption: 'Peak memory of training', columns: ['case', '', 'MB'], rows }],
      measurements,
    };
  },
};

async function peaksOf(compared: ComparedCase, options: BenchOptions): Promise<Peak[]> {
  return await withField('train', compared, options, async (field) => {
    const peaks: Peak[] = [];
    await field.each(async (competitor) => {
      await competitor.repeat(STEPS);
      peaks.push({ case: compared.chosen, name: competitor.name, peakMb: peakMemoryMb(competitor.pid) });
    });
    return peaks;
  });
}
