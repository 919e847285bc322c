import { duration } from '../evaluation/report/format.ts';
import type { TextTable } from '../trials/text-table.ts';
import type { SweepManifest, TrialRecord } from './manifest.ts';
import { shortLabels, valueText } from './names.ts';
import type { SweepResults } from './results.ts';

const NOTHING = '–';

/** A row a point, best first. */
export function pointTable({ name, objective, points }: SweepResults): TextTable {
  const paths = settingPaths(points);
  const labels = shortLabels(paths);
  return {
    caption: `${name}, best first by ${objective.metric} (${objective.over} value of each run, mean over seeds)`,
    columns: [
      'rank',
      ...paths.map((path) => labels.get(path)!),
      'seeds',
      objective.metric,
      'SD over seeds',
      'time',
    ],
    rows: points.map(({ params, trials, mean, sd }, index) => [
      String(index + 1),
      ...paths.map((path) => (path in params ? valueText(params[path]) : NOTHING)),
      String(trials.length),
      number(mean),
      number(sd),
      duration(trials.reduce((total, { seconds }) => total + seconds, 0) / trials.length),
    ]),
  };
}

/** A row a trial that is finished, in the order of their numbers. */
export function trialTable({ name, objective, points }: SweepResults): TextTable {
  const finished = points.flatMap(({ trials }) => trials).sort((a, b) => a.trial.number - b.trial.number);
  const metrics = [...new Set(finished.flatMap(({ test }) => Object.keys(test)))].filter((metric) =>
    /^test\/mre_(mm|px)$/.test(metric),
  );
  return {
    caption: `${name}, each trial by itself`,
    columns: ['trial', 'seed', objective.metric, ...metrics, 'time'],
    rows: finished.map(({ trial, value, test, seconds }) => [
      trial.name,
      String(trial.seed),
      number(value),
      ...metrics.map((metric) => number(test[metric] ?? null)),
      duration(seconds),
    ]),
  };
}

/** What became of each trial. @param states see `trialStates`. */
export function statusTable(
  { name, directory, trials }: SweepManifest,
  states: readonly TrialRecord['status'][],
): TextTable {
  const finished = states.filter((state) => state === 'finished').length;
  return {
    caption: `${name}: ${finished} of ${trials.length} trials are finished, in ${directory}`,
    columns: ['trial', 'state', 'attempt', 'where', 'error'],
    rows: trials.map((trial, index) => [
      trial.name,
      states[index]!,
      String(trial.attempt),
      trial.handle ?? '',
      trial.error?.split('\n', 1)[0] ?? '',
    ]),
  };
}

/** The paths that points set, in the order of the file. */
export function settingPaths(points: SweepResults['points']): string[] {
  return [...new Set(points.flatMap(({ params }) => Object.keys(params)))];
}

function number(value: number | null): string {
  return value === null ? NOTHING : String(Number(value.toPrecision(5)));
}
