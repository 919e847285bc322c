import type { BenchmarkEvent } from '../../core/benchmark/run-trials.ts';
import { duration } from '../../core/evaluation/report/format.ts';
import type { RunEvent } from '../../core/experiment/events.ts';
import { liveLine } from './live-line.ts';
import { progressLine } from './text-reporter.ts';

/**
 * Shows a benchmark to a person: a line when a trial starts, one when it ends, and its progress between them.
 * @param total trials that are going to be run.
 */
export function benchReporter(stream: NodeJS.WriteStream, total: number): (event: BenchmarkEvent) => void {
  const { print, progress } = liveLine(stream);
  let started = 0;
  return (event) => {
    const { id } = event.trial;
    if (event.kind === 'trial') {
      started += 1;
      print(`[${started}/${total}] ${id}${event.resumed ? ', from where it stopped' : originText(event)}`);
    } else if (event.kind === 'trial-end') print(`  ${id} ${endText(event)}`);
    else if (event.event.kind === 'progress') progress(`  ${id} ${progressLine(event.event)}`, false);
    else if (event.event.kind === 'result') print(`  ${id} ${resultText(event.event)}`);
  };
}

function originText({ trial }: BenchmarkEvent): string {
  return trial.startsFrom === null ? '' : `, from the first stage of ${trial.startsFrom}`;
}

function resultText({ metrics }: Extract<RunEvent, { kind: 'result' }>): string {
  const { overall, unit } = metrics.teacher!;
  return `MRE ${overall.mre.value.toFixed(2)} ${unit}`;
}

function endText({ record }: Extract<BenchmarkEvent, { kind: 'trial-end' }>): string {
  const { status, wallSeconds, error } = record;
  if (status === 'failed') return `failed: ${error?.split('\n', 1)[0]}`;
  return `${status} after ${duration(wallSeconds)}`;
}
