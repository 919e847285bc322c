import type { SweepManifest } from '../../core/sweep/manifest.ts';
import type { SweepEvent } from '../../core/sweep/run-sweep.ts';
import { liveLine } from './live-line.ts';
import { progressLine } from './text-reporter.ts';

/** Shows a sweep to a person: a line when a trial starts, one when it ends, and its progress between them. */
export function sweepReporter(
  stream: NodeJS.WriteStream,
  { trials }: SweepManifest,
): (event: SweepEvent) => void {
  const { print, progress } = liveLine(stream);
  return (event) => {
    const { name, run, error, status } = event.trial;
    if (event.kind === 'trial') print(`${name} ${run === null ? 'starts' : 'goes on'} (${event.handle})`);
    else if (event.kind === 'trial-end') {
      const finished = trials.filter((trial) => trial.status === 'finished').length;
      const reason = error === null ? '' : `: ${error.split('\n', 1)[0]}`;
      print(`[${finished}/${trials.length}] ${name} ${status}${reason}`);
    } else if (event.event.kind === 'progress') progress(`  ${name} ${progressLine(event.event)}`, false);
  };
}
