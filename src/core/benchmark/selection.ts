import { RunError, UsageError } from '../errors.ts';
import { nearestNames } from '../plugins/nearest.ts';
import type { Manifest } from './manifest.ts';
import type { Trial } from './plan.ts';
import type { BenchmarkSettings } from './schema.ts';

const KEYS = ['dataset', 'method', 'seed'] as const;

/** Values by key that a trial must have; undefined takes any. */
type Filter = Readonly<Partial<Record<(typeof KEYS)[number], string>>>;

/**
 * The trials that one of the filters takes, such as `dataset=ceph,seed=1`; without filters all of them. A shared stage
 * belongs to whoever starts from it.
 * @throws {UsageError} FSX_BENCHMARK_ONLY for a filter that is none, or names what the benchmark has not.
 */
export function selectTrials(
  trials: readonly Trial[],
  settings: BenchmarkSettings,
  filters: readonly string[],
): Trial[] {
  const parsed = filters.map((text) => parseFilter(text, settings));
  const isChosen = ({ dataset, method, seed }: Trial) =>
    parsed.some((filter) =>
      Object.entries({ dataset, method, seed }).every(
        ([key, value]) => (filter[key as keyof Filter] ?? String(value)) === String(value),
      ),
    );
  return trials.filter((trial) => trial.method !== null && (parsed.length === 0 || isChosen(trial)));
}

export interface TodoOptions {
  readonly retryFailed: boolean;
  readonly rerunChanged: boolean;
}

/**
 * Those of some trials that are to be run, with the unfinished ones that they start from, in the order of the plan.
 * What failed, and what starts from it, is left out unless it is to be tried again.
 * @throws {RunError} FSX_BENCHMARK_CHANGED when some were run with other settings and nobody said to run them again.
 */
export function trialsToRun(
  plan: readonly Trial[],
  chosen: readonly Trial[],
  manifest: Manifest,
  { retryFailed, rerunChanged }: TodoOptions,
): Trial[] {
  const byId = new Map(plan.map((trial) => [trial.id, trial]));
  const sourceOf = ({ startsFrom }: Trial) => (startsFrom === null ? undefined : byId.get(startsFrom));
  const isDone = (trial: Trial | undefined) => trial === undefined || manifest.stateOf(trial) === 'finished';
  const mayRun = (trial: Trial) => retryFailed || manifest.stateOf(trial) !== 'failed';
  const wanted = chosen.filter((trial) => {
    const source = sourceOf(trial);
    return !isDone(trial) && mayRun(trial) && (source === undefined || mayRun(source));
  });
  const sources = wanted.map(sourceOf).filter((source) => !isDone(source));
  const todo = plan.filter((trial) => wanted.includes(trial) || sources.includes(trial));
  const changed = todo.filter((trial) => manifest.stateOf(trial) === 'changed');
  if (changed.length > 0 && !rerunChanged) throw refuseChanged(changed, manifest);
  return todo;
}

function refuseChanged(changed: readonly Trial[], { directory }: Manifest): RunError {
  const names = changed.map(({ id }) => id).join(', ');
  return new RunError(
    'FSX_BENCHMARK_CHANGED',
    `${changed.length} trials in ${directory} were run with other settings or plugins: ${names}`,
    {
      suggestion:
        'Undo the change, name another folder with --output, or pass --rerun-changed to train them again.',
    },
  );
}

function parseFilter(text: string, settings: BenchmarkSettings): Filter {
  const known = {
    dataset: Object.keys(settings.datasets),
    method: Object.keys(settings.methods),
    seed: settings.seeds.map(String),
  };
  const filter: Record<string, string> = {};
  for (const part of text.split(',')) {
    const [key = '', value = ''] = part.split('=').map((word) => word.trim());
    if (!isKey(key) || key in filter) {
      throw wrongFilter(`"${part}" is no condition`, 'Write --only dataset=NAME,method=NAME,seed=NUMBER.');
    }
    if (!known[key].includes(value)) {
      const near = nearestNames(value, known[key])[0];
      const question = near === undefined ? '' : `Did you mean ${near}? `;
      throw wrongFilter(
        `the benchmark has no ${key} "${value}"`,
        `${question}It has ${known[key].join(', ')}.`,
      );
    }
    filter[key] = value;
  }
  return filter;
}

function isKey(key: string): key is (typeof KEYS)[number] {
  return KEYS.some((known) => known === key);
}

function wrongFilter(message: string, suggestion: string): UsageError {
  return new UsageError('FSX_BENCHMARK_ONLY', `--only: ${message}`, { suggestion });
}
