import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { stringify } from 'yaml';
import { EXIT_CODES } from '../errors.ts';
import type { RunEvent } from '../experiment/events.ts';
import { isFinishedRun } from '../experiment/resume.ts';
import { runDirectory } from '../experiment/run-directory.ts';
import type { Recipe } from '../recipe/schema.ts';
import { type ProcessEnd, runTrialProcess, untilGone } from '../trials/trial-process.ts';
import type { Manifest, TrialRecord } from './manifest.ts';
import type { Trial } from './plan.ts';

/** What a benchmark says while it goes. */
export type BenchmarkEvent =
  | { readonly kind: 'trial'; readonly trial: Trial; readonly resumed: boolean }
  | { readonly kind: 'run'; readonly trial: Trial; readonly event: RunEvent }
  | { readonly kind: 'trial-end'; readonly trial: Trial; readonly record: TrialRecord };

export interface TrialsRequest {
  /** Those to run, and those that they start from unless these are finished. */
  readonly trials: readonly Trial[];
  readonly manifest: Manifest;
  /** How this program is started: see `TrialProcess`. */
  readonly command: readonly string[];
  /** Trials at a time. */
  readonly jobs: number;
  /** Stops every trial after its step, and starts no other. */
  readonly signal: AbortSignal;
  readonly listener: (event: BenchmarkEvent) => void;
}

/**
 * Runs trials, each in a process of its own: a crash ends that trial alone, its memory is given back, and its
 * processor time is its own. A trial waits for the one that it starts from and is left out when that one failed.
 * @throws {RunError} when the manifest cannot be written.
 */
export async function runTrials(request: TrialsRequest): Promise<void> {
  const { manifest, jobs, signal } = request;
  const waiting = new Set(request.trials);
  const unfinished = new Set(request.trials.map(({ id }) => id));
  const running = new Set<Promise<void>>();
  const isReady = ({ startsFrom: id }: Trial) =>
    id === null || (!unfinished.has(id) && manifest.recordOf({ id })?.status === 'finished');
  const run = async (trial: Trial) => {
    await new TrialRunner(request, trial).run();
    if (manifest.stateOf(trial) === 'finished') unfinished.delete(trial.id);
  };
  for (;;) {
    while (running.size < jobs && !signal.aborted) {
      const next = [...waiting].find(isReady);
      if (next === undefined) break;
      waiting.delete(next);
      const work = run(next).finally(() => running.delete(work));
      running.add(work);
    }
    if (running.size === 0) return;
    await Promise.race(running);
  }
}

class TrialRunner {
  readonly #request: TrialsRequest;
  readonly #trial: Trial;
  #record: TrialRecord;

  constructor(request: TrialsRequest, trial: Trial) {
    this.#request = request;
    this.#trial = trial;
    const known = request.manifest.recordOf(trial);
    const isBegun = request.manifest.stateOf(trial) === 'interrupted' && known?.run !== null;
    this.#record = (isBegun && known) || newRecord(trial);
  }

  async run(): Promise<void> {
    const { listener } = this.#request;
    const { run, pid } = this.#record;
    if (this.#record.status === 'running' && pid !== null) await untilGone(pid);
    const isOver = run !== null && (await isFinishedRun(runDirectory(this.#absolute(run))));
    if (isOver) await this.#update({ status: 'finished', pid: null, timeIsWhole: false });
    else {
      listener({ kind: 'trial', trial: this.#trial, resumed: run !== null });
      await this.#train();
    }
    listener({ kind: 'trial-end', trial: this.#trial, record: this.#record });
  }

  async #train(): Promise<void> {
    const { command, signal } = this.#request;
    const argv = await this.#arguments();
    const startMs = performance.now();
    const timeIsWhole = this.#record.timeIsWhole && this.#record.status !== 'running';
    await this.#update({ status: 'running', timeIsWhole });
    let cpuSeconds = 0;
    let failure: Error | undefined;
    const note = (changes: Partial<TrialRecord>) => {
      this.#update(changes).catch((error: Error) => {
        failure = error;
      });
    };
    const end = await runTrialProcess({
      ...{ command, signal },
      argv: [...argv, '--reporter', 'json'],
      onStart: (pid) => note({ pid }),
      listener: (event) => {
        if (event.kind === 'start') note({ run: this.#relative(event.header.runDirectory) });
        if ('cpuSeconds' in event) cpuSeconds = event.cpuSeconds;
        this.#request.listener({ kind: 'run', trial: this.#trial, event });
      },
    });
    await this.#update({
      ...outcomeOf(end),
      pid: null,
      wallSeconds: this.#record.wallSeconds + (performance.now() - startMs) / 1000,
      cpuSeconds: this.#record.cpuSeconds + cpuSeconds,
    });
    if (failure !== undefined) throw failure;
  }

  /** Goes on with the run that was begun, else starts one from a recipe file in the benchmark's folder. */
  async #arguments(): Promise<string[]> {
    const { run } = this.#record;
    if (run !== null) return ['resume', this.#absolute(run)];
    const folder = this.#absolute('recipes');
    await mkdir(folder, { recursive: true });
    const recipe = { ...this.#recipe(), output: this.#absolute('runs') };
    const file = join(folder, `${recipe.name}.yaml`);
    await writeFile(file, stringify(recipe, { lineWidth: 110 }));
    return ['run', file, '--base', this.#trial.baseDirectory];
  }

  #recipe(): Recipe {
    const { recipe, startsFrom } = this.#trial;
    if (startsFrom === null) return recipe;
    const { run } = this.#request.manifest.recordOf({ id: startsFrom })!;
    return afterFirstStage(recipe, (stage) => runDirectory(this.#absolute(run!)).checkpoint(stage));
  }

  async #update(changes: Partial<TrialRecord>): Promise<void> {
    this.#record = { ...this.#record, ...changes };
    await this.#request.manifest.record(this.#trial, this.#record);
  }

  #absolute(path: string): string {
    return resolve(this.#request.manifest.directory, path);
  }

  #relative(path: string): string {
    return relative(this.#request.manifest.directory, path);
  }
}

function newRecord({ hash, startsFrom }: Trial): TrialRecord {
  const nothing = { run: null, pid: null, wallSeconds: 0, cpuSeconds: 0, timeIsWhole: true, error: null };
  return { hash, startsFrom, status: 'interrupted', ...nothing };
}

/** The recipe without its first stage; what started from that starts from its checkpoint file. */
function afterFirstStage(recipe: Recipe, checkpointOf: (stage: string) => string): Recipe {
  const [first, ...rest] = recipe.stages;
  const checkpoint = checkpointOf(first!.name);
  return {
    ...recipe,
    stages: rest.map((stage) => (stage.from === first!.name ? { ...stage, from: checkpoint } : stage)),
  };
}

function outcomeOf({ code, killedBy, complaint }: ProcessEnd): Pick<TrialRecord, 'status' | 'error'> {
  if (code === EXIT_CODES.interrupted) return { status: 'interrupted', error: null };
  if (code === 0) return { status: 'finished', error: null };
  const reason = killedBy === null ? `exit code ${code}` : `killed by ${killedBy}`;
  return { status: 'failed', error: complaint === '' ? reason : complaint };
}
