import Table from 'cli-table3';
import type { Conformal, Metrics, MetricsFile } from '../../core/evaluation/metrics-schema.ts';
import type {
  ProgressEvent,
  RunEvent,
  RunHeader,
  RunListener,
  ValidationEvent,
} from '../../core/experiment/events.ts';
import { redact } from '../../core/secrets.ts';
import type { DeliveryReport } from '../../core/tracking/tracker.ts';
import { liveLine } from './live-line.ts';

/** Shows a run to a person: one live line on a terminal, now and then a plain line elsewhere. */
export function textReporter(
  stream: NodeJS.WriteStream,
  now: () => number = () => performance.now(),
): RunListener {
  const { print, progress } = liveLine(stream, now);
  return (event) => {
    if (event.kind === 'progress') progress(progressLine(event), event.step === event.steps);
    else if (event.kind === 'preparing') progress(preparingLine(event), event.done === event.total);
    else print(redact(eventText(event)));
  };
}

function eventText(event: Exclude<RunEvent, ProgressEvent | { kind: 'preparing' }>): string {
  switch (event.kind) {
    case 'start':
      return headerText(event.header);
    case 'stage':
      return `\nStage ${event.name}: ${event.strategy}, ${event.steps} steps`;
    case 'validation':
      return validationLine(event);
    case 'notice':
      return event.message;
    case 'interrupted':
      return `\nInterrupted in stage ${event.stage} after step ${event.step}. Go on with: fsx resume ${event.runDirectory}`;
    case 'result':
      return resultText(event.metrics, event.runDirectory, event.seconds);
    case 'tracking':
      return event.delivery === null
        ? `See it in MLflow: fsx mlflow start, then fsx sync ${event.runDirectory}`
        : deliveryText(event.delivery);
  }
}

/** What reached the tracking server, and where it is seen. */
export function deliveryText({ message, url }: DeliveryReport): string {
  return [message, url].filter(Boolean).join('\n');
}

function headerText(header: RunHeader): string {
  const { labeled, unlabeled, validation, test } = header.setSizes;
  const rows = [
    [
      'recipe',
      `${header.recipeFile} (${header.recipeHash.slice(0, 12)}), seed ${header.seed}, commit ${header.commit}`,
    ],
    ['engine', `${header.engine} (${header.engineReason})`],
    ['model', `${header.parameters.toLocaleString('en')} parameters`],
    ['images', `${labeled} labeled, ${unlabeled} unlabeled, ${validation} validation, ${test} test`],
    ['run', header.runDirectory],
    ['tracking', header.tracking],
  ];
  return [`\n${header.name}`, ...rows.map(([name, value]) => `  ${name!.padEnd(9)} ${value}`)].join('\n');
}

function preparingLine({ what, done, total }: Extract<RunEvent, { kind: 'preparing' }>): string {
  return `Reading ${what}: ${done}/${total}`;
}

export function progressLine(event: ProgressEvent): string {
  const { loss, ...rest } = event.metrics;
  const parts = Object.entries(rest)
    .filter(([name]) => name.startsWith('loss.'))
    .map(([name, value]) => `${name.slice('loss.'.length)} ${value.toFixed(4)}`);
  return [
    `${event.stage} ${event.step}/${event.steps}`,
    `loss ${(loss ?? Number.NaN).toFixed(4)} (${parts.join(', ')})`,
    `${event.imagesPerSecond.toFixed(1)} images/s`,
    `${duration(event.secondsLeft)} left`,
  ].join('  ');
}

function validationLine({ stage, step, teacherPx, studentPx, best }: ValidationEvent): string {
  const mark = best ? ', best so far' : '';
  return `${stage} step ${step}: validation error ${teacherPx.toFixed(2)} px (student ${studentPx.toFixed(2)})${mark}`;
}

function resultText(metrics: MetricsFile, runDirectory: string, seconds: number): string {
  const named = namedMetrics(metrics);
  const first = named[0]![1];
  return [
    `\nTest: ${first.images} images${first.notice === undefined ? '' : `. ${first.notice}`}`,
    metricsTable(named),
    ...(metrics.conformal === undefined ? [] : [radiusLine(metrics.conformal)]),
    `Report:  ${runDirectory}/report.html`,
    `Metrics: ${runDirectory}/metrics.json`,
    `Finished in ${duration(seconds)}`,
  ].join('\n');
}

/** The sets that were measured, as a person calls them. */
export function namedMetrics({ teacher, student, ensemble, ensembleOf, meanShape }: MetricsFile) {
  const rows = { teacher, student, [ensembleOf ?? 'ensemble']: ensemble, 'mean shape': meanShape };
  return Object.entries(rows).filter((row): row is [string, Metrics] => row[1] !== undefined);
}

/** How near the true landmarks lie, or why nobody knows. */
export function radiusLine({ level, unit, notice, teacher, images }: Conformal): string {
  const { radius, coverage } = teacher.pooled;
  if (radius === null) return `Error radius: infinite. ${notice ?? ''}`.trimEnd();
  const measured = coverage === null ? '' : `; it holds ${percent(coverage)} of the test points`;
  return `Error radius of the teacher at ${percent(level)}: ${radius.toFixed(2)} ${unit}, from ${images} validation images${measured}`;
}

/** One row a set of weights; lengths in the metrics' own unit. */
export function metricsTable(named: readonly (readonly [string, Metrics])[]): string {
  const [, { unit, overall, failureRadius }] = named[0]!;
  const table = new Table({
    head: [
      '',
      `MRE ± SD (${unit})`,
      '95 % interval',
      'median',
      ...overall.sdr.map(({ radius }) => `≤ ${radius} ${unit}`),
      `images > ${failureRadius} ${unit}`,
    ],
    style: { head: [], border: [] },
  });
  for (const [name, { overall: row }] of named) {
    table.push([
      name,
      `${row.mre.value.toFixed(2)} ± ${row.sd.toFixed(2)}`,
      `${row.mre.low.toFixed(2)} – ${row.mre.high.toFixed(2)}`,
      row.median.value.toFixed(2),
      ...row.sdr.map(({ rate }) => percent(rate.value)),
      percent(row.failureRate.images.value),
    ]);
  }
  return table.toString();
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

/** `1:05` for 65 seconds. */
function duration(seconds: number): string {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}
