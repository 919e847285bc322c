import { isDeepStrictEqual } from 'node:util';
import { readJournal } from '../../src/core/tracking/journal-file.ts';
import {
  type CliOptions,
  type CliOutcome,
  fsx,
  fsxRun,
  runFolder,
  TINY,
  tensorsOf,
} from '../../test/e2e/cli.ts';
import type { Cost } from './table.ts';

/** Of each of the two stages. */
const STEPS = 24;
const SETTINGS = [0, 1].flatMap((stage) => ['--set', `stages.${stage}.steps=${STEPS}`]);

/** A run of the tiny recipe in a process of its own. */
export function start(output: string, options: CliOptions = {}): Promise<CliOutcome> {
  return fsxRun(TINY, output, SETTINGS, options);
}

export function resume(run: string, options: CliOptions = {}): Promise<CliOutcome> {
  return fsx(['resume', run, '--reporter', 'json'], options);
}

/** A run that nothing happens to: what others are measured by. */
export class WholeRun {
  /** From when it has its folder to its end. */
  readonly durationMs: number;
  /** What it says in that time. */
  readonly events: number;
  readonly #folder: string;

  private constructor(outcome: CliOutcome, durationMs: number) {
    const start = outcome.events.findIndex(({ kind }) => kind === 'start');
    this.#folder = runFolder(outcome);
    this.durationMs = durationMs;
    this.events = outcome.events.length - 1 - start;
  }

  static async of(output: string): Promise<WholeRun> {
    let startMs = 0;
    const outcome = await start(output, {
      onEvent: ({ kind }) => {
        if (kind === 'start') startMs = performance.now();
      },
    });
    return new WholeRun(outcome, performance.now() - startMs);
  }

  /** What a run that ended later than it should has of this one. */
  async costOf(run: string): Promise<Cost> {
    const [ours, theirs] = await Promise.all([tensorsOf(this.#folder), tensorsOf(run).catch(() => ({}))]);
    const tracked = trackedLosses(run);
    const losses = new Map(tracked);
    return {
      same: isDeepStrictEqual(ours, theirs),
      lost: trackedLosses(this.#folder).filter(([step, loss]) => losses.get(step) !== loss).length,
      doubled: tracked.length - losses.size,
    };
  }
}

/** Each step with its loss. */
function trackedLosses(run: string): [number, number][] {
  return readJournal(run).entries.flatMap(({ item }) =>
    item.kind === 'metrics' && 'train/loss' in item.metrics ? [[item.step, item.metrics['train/loss']!]] : [],
  );
}
