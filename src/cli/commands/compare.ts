import { string as stringArgument } from '@oclif/core/args';
import { boolean, option, string } from '@oclif/core/flags';
import type { ComparedRun, Comparison } from '../../core/evaluation/comparison.ts';
import type { PredictionSet } from '../../core/evaluation/predictions-csv.ts';
import { BaseCommand } from '../base-command.ts';

export default class Compare extends BaseCommand {
  static override summary = 'Compare finished runs on their common test images';
  static override description =
    'Shows radial errors, success detection rates and failure rate of each run, its difference to the first run ' +
    '(or to --reference) with a 95 % bootstrap interval over images, and the p-value of a Wilcoxon signed-rank test.';
  static override examples = [
    '<%= config.bin %> compare runs/supervised runs/few-shot-dag',
    '<%= config.bin %> compare runs/* --reference runs/supervised --html comparison.html',
    '<%= config.bin %> compare --mlflow 0f6f2c9a… 5d1e77b0… --uri http://127.0.0.1:5000',
  ];
  static override enableJsonFlag = true;
  static override strict = false;
  static override args = {
    run: stringArgument({
      description: 'run folders, two or more; with --mlflow, ids of runs',
      required: true,
    }),
  };
  static override flags = {
    reference: string({
      description: 'run folder that the others are compared with (default: the first)',
    }),
    weights: option({ options: ['teacher', 'student', 'ensemble'] as const })({
      default: 'teacher',
      description: 'whose predictions to compare',
    }),
    mlflow: boolean({ description: 'the runs are named by their ids in MLflow, which has their files' }),
    uri: string({
      description:
        'with --mlflow: the server (default: MLFLOW_TRACKING_URI, else that of `fsx mlflow start`)',
      dependsOn: ['mlflow'],
    }),
    html: string({
      description: 'also write a page with curves and paired differences',
      helpValue: 'FILE',
    }),
  };

  async run(): Promise<Comparison> {
    const { argv, flags } = await this.parse(Compare);
    const comparison = await this.#compare(argv.map(String), flags);
    for (const notice of comparison.notices) this.log(`Note: ${notice}`);
    this.log(await renderTable(comparison));
    if (flags.html !== undefined) {
      const { writeComparisonPage } = await import('../../core/evaluation/report/comparison-page.ts');
      await writeComparisonPage(flags.html, comparison);
      this.log(`Page: ${flags.html}`);
    }
    return comparison;
  }

  async #compare(
    runs: readonly string[],
    { weights, reference, mlflow, uri }: ComparisonFlags,
  ): Promise<Comparison> {
    const { compareRuns } = await import('../../core/evaluation/comparison.ts');
    const options = { weights, ...(reference === undefined ? {} : { reference }) };
    if (!mlflow) return compareRuns(runs, options);
    const { withDownloadedRuns } = await import('../../core/tracking/mlflow/download.ts');
    const ids = reference === undefined ? runs : [reference, ...runs];
    const server = { environment: process.env, ...(uri === undefined ? {} : { uri }) };
    return withDownloadedRuns(ids, server, (folders) => compareRuns(folders, { weights }));
  }
}

interface ComparisonFlags {
  readonly weights: PredictionSet;
  readonly reference?: string | undefined;
  readonly mlflow: boolean;
  readonly uri?: string | undefined;
}

async function renderTable({ runs, unit, reference, weights, images }: Comparison): Promise<string> {
  const { default: Table } = await import('cli-table3');
  const radii = runs[0]?.metrics.overall.sdr.map(({ radius }) => radius) ?? [];
  const table = new Table({
    head: [
      'run',
      `MRE ± SD (${unit})`,
      'median',
      ...radii.map((radius) => `≤ ${radius} ${unit}`),
      'failed',
      'difference',
      'p',
    ],
    colAligns: ['left', ...new Array<'right'>(radii.length + 5).fill('right')],
    style: { head: [], border: [], compact: true },
  });
  table.push(...runs.map((run) => tableRow(run, radii)));
  return `${table.toString()}\n${images.length} common test images, ${weights} weights; differences to ${reference}, negative is better.`;
}

function tableRow(
  { name, metrics: { overall }, versusReference }: ComparedRun,
  radii: readonly number[],
): string[] {
  const rates = radii.map((radius) => overall.sdr.find((entry) => entry.radius === radius)?.rate.value);
  const { value, low, high } = versusReference?.difference ?? { value: 0, low: 0, high: 0 };
  return [
    name,
    `${overall.mre.value.toFixed(2)} ± ${overall.sd.toFixed(2)}`,
    overall.median.value.toFixed(2),
    ...rates.map((rate) => (rate === undefined ? '–' : percent(rate))),
    percent(overall.failureRate.images.value),
    versusReference === undefined ? 'reference' : `${signed(value)} [${signed(low)}, ${signed(high)}]`,
    versusReference === undefined ? '' : formatP(versusReference.pValue),
  ];
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function signed(value: number): string {
  return `${value > 0 ? '+' : ''}${value.toFixed(2)}`;
}

function formatP(pValue: number): string {
  return pValue < 0.0001 ? '< 0.0001' : pValue.toFixed(4);
}
