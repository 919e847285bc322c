import { type ComparedCase, type Comparison, compare } from '../harness/comparison.ts';
import { ratioText } from '../harness/page.ts';
import type { BenchOptions, Part, Table } from '../harness/part.ts';
import { type Case, caseOf } from '../problem/case.ts';

/** Something that grows, and the cases in which it does. */
interface Axis {
  readonly name: string;
  readonly key: 'batch' | 'sizePx' | 'landmarks' | 'unlabeledImages';
  readonly values: readonly number[];
  /** What the other things are. */
  readonly rest: Partial<Case>;
  readonly peers: readonly string[];
}

const STEP: Partial<Case> = { strategy: 'few-shot-dag', backbone: 'small' };
const AXES: readonly Axis[] = [
  { name: 'images of each kind', key: 'batch', values: [1, 2, 4, 8, 16], rest: STEP, peers: ['eager'] },
  { name: 'pixels along a side', key: 'sizePx', values: [128, 256, 512], rest: STEP, peers: ['eager'] },
  { name: 'landmarks', key: 'landmarks', values: [6, 37, 100, 500], rest: STEP, peers: ['eager'] },
  // The twin has no memory of images.
  {
    ...{ name: 'unlabeled images', key: 'unlabeledImages', values: [100, 1_000, 10_000], peers: [] },
    rest: { ...STEP, strategy: 'matched' },
  },
];
const TINY: Partial<Case> = { batch: 1, sizePx: 64 };

interface Growth {
  readonly axis: string;
  readonly value: number;
  readonly comparison: Comparison;
}

export const scaling: Part = {
  title: 'How a step grows',
  measure: async (options) => {
    const measurements: Growth[] = [];
    for (const axis of AXES) measurements.push(...(await alongAxis(axis, options)));
    const text =
      'The step of `few-shot-dag` on the small HRNet, 2 images of each kind, 256 x 256, 19 landmarks, but for the one thing that grows.';
    const tables = AXES.map(({ name }) =>
      tableOf(
        name,
        measurements.filter(({ axis }) => axis === name),
      ),
    );
    return { text, tables, measurements };
  },
};

async function alongAxis({ name, key, values, rest, peers }: Axis, options: BenchOptions): Promise<Growth[]> {
  const growth: Growth[] = [];
  for (const value of options.quick ? values.slice(0, 2) : values) {
    const size = options.quick ? TINY : {};
    const compared: ComparedCase = { chosen: caseOf({ ...rest, ...size, [key]: value }), peers };
    growth.push({ axis: name, value, comparison: await compare('train', compared, options) });
  }
  return growth;
}

function tableOf(axis: string, growth: readonly Growth[]): Table {
  const rows = growth.map(({ value, comparison: { timings } }) => {
    const [ours, theirs] = timings;
    const peer = theirs === undefined ? ['', ''] : [theirs.medianMs.toFixed(0), ratioText(theirs.ratio)];
    return [String(value), ours!.medianMs.toFixed(0), ...peer];
  });
  return { caption: `By ${axis}`, columns: [axis, 'fsx, ms', 'PyTorch eager, ms', 'ratio'], rows };
}
