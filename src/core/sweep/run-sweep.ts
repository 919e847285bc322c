import { mkdir } from 'node:fs/promises';
import { relative } from 'node:path';
import { EXIT_CODES } from '../errors.ts';
import type { RunEvent } from '../experiment/events.ts';
import { isFinishedRun } from '../experiment/resume.ts';
import { runDirectory } from '../experiment/run-directory.ts';
import type { Launcher, LaunchRequest, TrialEnd, TrialTask } from '../launching/launcher.ts';
import { findRun } from '../launching/trial-arguments.ts';
import type { SweepManifest, TrialRecord } from './manifest.ts';

/** What a sweep says while it goes. */
export type SweepEvent =
  | { readonly kind: 'trial'; readonly trial: TrialRecord; readonly handle: string }
  | { readonly kind: 'run'; readonly trial: TrialRecord; readonly event: RunEvent }
  | { readonly kind: 'trial-end'; readonly trial: TrialRecord };

export interface SweepRequest {
  readonly manifest: SweepManifest;
  readonly launcher: Launcher;
  /** How this program is started: see `LaunchRequest`. */
  readonly command: readonly string[];
  /** Stops every trial after its step, and starts no other. */
  readonly signal: AbortSignal;
  /** Runs trials that failed again, from their beginning. */
  readonly retryFailed: boolean;
  /** No trial is started after so many have failed or were killed. */
  readonly maxFailures: number;
  readonly listener: (event: SweepEvent) => void;
}

/**
 * Runs the trials of a sweep that are not finished.
 * @throws {RunError} when the manifest cannot be written, or the launcher can start nothing.
 */
export async function runSweep(request: SweepRequest): Promise<void> {
  const { launcher, command, signal } = request;
  const keeper = new TrialKeeper(request);
  await launch(keeper, request, await keeper.prepare(), {
    command,
    launcher,
    stop: signal,
    hold: keeper.hold,
  });
}

/** Stops the trials that go on although the process that started them is gone. */
export async function stopTrials(
  manifest: SweepManifest,
  launcher: Launcher,
  listener: SweepRequest['listener'],
): Promise<void> {
  const keeper = new TrialKeeper({ manifest, listener, retryFailed: false, maxFailures: 1 });
  const left = (await keeper.prepare()).filter(({ handle }) => handle !== null);
  const stopped = AbortSignal.abort();
  await launch(keeper, { manifest, listener }, left, { command: [], launcher, stop: stopped, hold: stopped });
}

type Launching = Pick<LaunchRequest, 'command' | 'stop' | 'hold'> & { readonly launcher: Launcher };

async function launch(
  keeper: TrialKeeper,
  { manifest, listener }: Pick<SweepRequest, 'manifest' | 'listener'>,
  tasks: readonly TrialTask[],
  { launcher, ...how }: Launching,
): Promise<void> {
  if (tasks.length === 0) return;
  await launcher.launch({
    ...{ name: manifest.name, folder: manifest.directory, tasks, ...how },
    started: (task, handle) => keeper.started(task, handle),
    ended: (task, end) => keeper.ended(task, end),
    event: (task, event) => listener({ kind: 'run', trial: keeper.trialOf(task), event }),
  });
}

type KeeperRequest = Pick<SweepRequest, 'manifest' | 'retryFailed' | 'maxFailures' | 'listener'>;

/** Keeps the manifest true while a launcher works. */
class TrialKeeper {
  readonly #request: KeeperRequest;
  readonly #numbers = new Map<string, number>();
  readonly #hold = new AbortController();
  #failures = 0;

  constructor(request: KeeperRequest) {
    this.#request = request;
  }

  get hold(): AbortSignal {
    return this.#hold.signal;
  }

  trialOf({ id }: TrialTask): TrialRecord {
    return this.#request.manifest.trial(this.#numbers.get(id)!);
  }

  /** What is left to do. A run that ended unseen is taken over as it is. */
  async prepare(): Promise<TrialTask[]> {
    const { manifest, retryFailed } = this.#request;
    const tasks: TrialTask[] = [];
    for (const trial of manifest.trials) {
      if (trial.status === 'finished' || (trial.status === 'failed' && !retryFailed)) continue;
      if (await this.#isOver(trial)) await this.#finish(trial);
      else tasks.push(await this.#task(trial));
    }
    return tasks;
  }

  async started(task: TrialTask, handle: string): Promise<void> {
    const trial = this.trialOf(task);
    await this.#request.manifest.record(trial.number, { status: 'running', handle, error: null });
    this.#request.listener({ kind: 'trial', trial, handle });
  }

  async ended(task: TrialTask, end: TrialEnd): Promise<void> {
    const trial = this.trialOf(task);
    if (await this.#isOver(trial)) return this.#finish(trial);
    const run = await this.#runOf(trial);
    const outcome = outcomeOf(end);
    await this.#request.manifest.record(trial.number, { ...outcome, run, handle: null });
    if (outcome.error !== null) this.#countFailure();
    this.#request.listener({ kind: 'trial-end', trial });
  }

  async #task(trial: TrialRecord): Promise<TrialTask> {
    const { manifest } = this.#request;
    if (trial.status === 'failed') {
      const next = { attempt: trial.attempt + 1, status: 'waiting', run: null } as const;
      await manifest.record(trial.number, next);
    }
    const { number, handle, baseDirectory } = trial;
    const id = String(number).padStart(3, '0');
    this.#numbers.set(id, number);
    const folder = manifest.attemptFolder(trial);
    await mkdir(folder, { recursive: true });
    const environment = familyEnvironment(manifest, trial);
    return { id, folder, recipeFile: manifest.recipeFile(trial), baseDirectory, environment, handle };
  }

  async #isOver(trial: TrialRecord): Promise<boolean> {
    const run = await findRun(this.#request.manifest.attemptFolder(trial));
    return run !== undefined && (await isFinishedRun(runDirectory(run)));
  }

  async #runOf(trial: TrialRecord): Promise<string | null> {
    const { manifest } = this.#request;
    const run = await findRun(manifest.attemptFolder(trial));
    return run === undefined ? null : relative(manifest.directory, run);
  }

  async #finish(trial: TrialRecord): Promise<void> {
    const run = await this.#runOf(trial);
    const end = { status: 'finished', run, handle: null, error: null } as const;
    await this.#request.manifest.record(trial.number, end);
    this.#request.listener({ kind: 'trial-end', trial });
  }

  #countFailure(): void {
    this.#failures += 1;
    if (this.#failures >= this.#request.maxFailures) this.#hold.abort();
  }
}

/** So that a tracking server shows the trials under one parent, each by its settings. */
function familyEnvironment(manifest: SweepManifest, trial: TrialRecord): Record<string, string> {
  return { FSX_PARENT_KEY: manifest.id, FSX_PARENT_NAME: manifest.name, FSX_RUN_NAME: trial.name };
}

/** Of a run that has not come to its end: what was killed goes on from its checkpoint, an error would come again. */
function outcomeOf({ code, killedBy, complaint }: TrialEnd): Pick<TrialRecord, 'status' | 'error'> {
  if (code === EXIT_CODES.interrupted) return { status: 'interrupted', error: null };
  if (killedBy !== null) return { status: 'interrupted', error: `killed by ${killedBy}` };
  return { status: 'failed', error: complaint === '' ? `exit code ${code}` : complaint };
}
