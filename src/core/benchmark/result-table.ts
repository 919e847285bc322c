import { decimals, duration, percent, pValue, signed } from '../evaluation/report/format.ts';
import { SEED_CONFIDENCE, type SeedMean } from '../evaluation/seeds.ts';
import type { TextTable } from '../trials/text-table.ts';
import type { Opponent } from './compare-methods.ts';
import type { BenchmarkResults, DatasetResults, MethodResults } from './results.ts';

const NOTHING = '–';
const LEVEL = `${100 * SEED_CONFIDENCE} %`;

/** The table of a dataset in the form of papers: a row a method. */
export function methodTable(dataset: DatasetResults): TextTable {
  const { name, test, unit, failureRadius, meanShape, reference, methods } = dataset;
  const radii = methods[0]!.sdr.map(({ radius }) => radius);
  const baseline = meanShape === null ? '' : `; the mean shape alone: ${decimals(meanShape)} ${unit}`;
  return {
    caption: `${name}, test split: ${test}. Lengths in ${unit}${baseline}`,
    columns: [
      'method',
      'seeds',
      'steps',
      'MRE ± SD',
      `${LEVEL} over seeds`,
      'median',
      ...radii.map((radius) => `≤ ${radius} ${unit}`),
      `images > ${failureRadius} ${unit}`,
      `difference to ${reference}`,
      'p',
      'p (Holm)',
      'wall time',
      'CPU time',
    ],
    rows: methods.map((method) => methodRow(method, radii, reference)),
  };
}

function methodRow(method: MethodResults, radii: readonly number[], reference: string): TextTable['rows'][0] {
  const { seeds, missingSeeds, steps, sharedSteps, mre, versus, timeIsWhole } = method;
  const rates = new Map(method.sdr.map(({ radius, rate }) => [radius, percent(rate)]));
  const time = (seconds: number) => `${timeIsWhole ? '' : '> '}${duration(seconds)}`;
  return [
    method.name,
    missingSeeds.length === 0
      ? String(seeds.length)
      : `${seeds.length} of ${seeds.length + missingSeeds.length}`,
    sharedSteps === 0 ? String(steps) : `${steps} (${sharedSteps} shared)`,
    `${decimals(mre.value)} ± ${decimals(method.sd)}`,
    intervalText(mre, decimals),
    decimals(method.median),
    ...radii.map((radius) => rates.get(radius) ?? NOTHING),
    percent(method.failedImages),
    versus === null ? NOTHING : differenceText(versus, reference),
    versus === null ? '' : pValue(versus.pValue),
    versus === null ? '' : pValue(versus.adjustedPValue),
    time(method.wallSeconds),
    time(method.cpuSeconds),
  ];
}

/** One row a method and seed: nothing is averaged here. */
export function seedTable({ name, unit, reference, methods }: DatasetResults): TextTable {
  return {
    caption: `${name}, each seed by itself. Lengths in ${unit}`,
    columns: [
      'method',
      'seed',
      'test images',
      'MRE',
      `difference to ${reference}`,
      `${LEVEL} over images`,
      'p',
      'run',
    ],
    rows: methods.flatMap(({ name: method, seeds, versus }) =>
      seeds.map(({ seed, images, mre, run }): TextTable['rows'][0] => {
        const pair = versus?.bySeed.find((one) => one.seed === seed);
        const compared =
          versus == null || pair === undefined
            ? [NOTHING, NOTHING, '']
            : [
                signed(pair.difference.value) + opponentText(versus, reference),
                rangeText([pair.difference.low, pair.difference.high], signed),
                pValue(pair.pValue),
              ];
        return [method, String(seed), String(images), decimals(mre), ...compared, run];
      }),
    ),
  };
}

/** What the columns mean, for whoever has only the tables. */
export function explanations({ weights, commits, datasets }: BenchmarkResults): string[] {
  const drawn = datasets.some(({ test }) => test.includes('drawn'));
  const isPartial = datasets.some(({ methods }) => methods.some(({ timeIsWhole }) => !timeIsWhole));
  return [
    `Every column is the mean over the seeds of what each run measured (${weights} weights). SD: standard deviation of the radial errors of the test points, not over seeds. Images > r: their mean error exceeds r.`,
    `${LEVEL} over seeds: Student's t interval of the MRE. A seed draws what the recipe leaves to chance: labeled images, first weights, batches.`,
    `Difference: mean over the test images of (mean error of the method − that of the method it is tested against), averaged over seeds, with the t interval of the seeds' differences; negative is better.`,
    `p: two-sided Wilcoxon signed-rank test over test images, each with its differences averaged over the seeds; Holm: corrected for the number of comparisons on the dataset. It holds for these seeds; the interval says what other seeds may give.`,
    'Steps count all stages. A shared first stage was trained once, and counts in steps and times of every method that starts from it. Times are means over the seeds.',
    ...(drawn ? ['Each seed has test images of its own: means over seeds vary with them too.'] : []),
    ...(isPartial
      ? ['> before a time: a trial was once killed, and the time before that is not known.']
      : []),
    ...(commits.length > 1
      ? [`The trials were run by different versions of the code: ${commits.join(', ')}.`]
      : []),
  ];
}

function differenceText(versus: Opponent, reference: string): string {
  const { difference } = versus;
  const interval = difference.interval === null ? '' : ` ${intervalText(difference, signed)}`;
  return `${signed(difference.value)}${interval}${opponentText(versus, reference)}`;
}

function opponentText({ against }: Opponent, reference: string): string {
  return against === reference ? '' : ` to ${against}`;
}

function intervalText({ interval }: SeedMean, format: (value: number) => string): string {
  return interval === null ? NOTHING : rangeText(interval, format);
}

function rangeText(range: readonly [number, number], format: (value: number) => string): string {
  return `[${range.map(format).join(', ')}]`;
}
