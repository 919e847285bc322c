import { join } from 'node:path';
import { type Static, type TSchema, Type } from 'typebox';
import type { EngineName } from '../engine/engine.ts';
import { RunError } from '../errors.ts';
import { StateFile } from '../trials/state-file.ts';
import type { Trial } from './plan.ts';

const nullable = <S extends TSchema>(schema: S) => Type.Union([schema, Type.Null()]);

const TrialRecord = Type.Object({
  /** `Trial.hash` when it was started. */
  hash: Type.String(),
  status: Type.Union([
    Type.Literal('running'),
    Type.Literal('interrupted'),
    Type.Literal('finished'),
    Type.Literal('failed'),
  ]),
  /** The run's folder, relative to the benchmark's; null until it is made. */
  run: nullable(Type.String()),
  /** Id of the trial whose last weights it started from. */
  startsFrom: nullable(Type.String()),
  /** Process that trains it, while it is running. */
  pid: nullable(Type.Integer()),
  /** Over all times that it was started. */
  wallSeconds: Type.Number(),
  cpuSeconds: Type.Number(),
  /** False when it was once stopped without a word: the time until then is missing. */
  timeIsWhole: Type.Boolean(),
  error: nullable(Type.String()),
});

const ManifestFile = Type.Object({
  format: Type.Literal('fsx-benchmark'),
  version: Type.Literal(1),
  benchmark: Type.String(),
  engine: Type.Union([Type.Literal('native'), Type.Literal('webgpu'), Type.Literal('wasm')]),
  trials: Type.Record(Type.String(), TrialRecord),
});

export type TrialRecord = Static<typeof TrialRecord>;

/** `changed`: it was run with another recipe or plugin. `waiting`: it was never started. */
export type TrialState = 'waiting' | 'interrupted' | 'finished' | 'failed' | 'changed';

/** `manifest.json`: what became of the trials of a benchmark. On disk before anything is built on it. */
export class Manifest {
  readonly directory: string;
  readonly #file: StateFile<typeof ManifestFile>;

  private constructor(directory: string, file: StateFile<typeof ManifestFile>) {
    this.directory = directory;
    this.#file = file;
  }

  /**
   * The manifest of a benchmark's folder, or an empty one; nothing is written before the first `record`.
   * @param engine for a folder that has none yet.
   * @throws {RunError} FSX_BENCHMARK_MANIFEST, or FSX_BENCHMARK_FOLDER for the folder of another benchmark.
   */
  static async open(
    directory: string,
    benchmark: string,
    engine: () => Promise<EngineName>,
  ): Promise<Manifest> {
    const path = join(directory, 'manifest.json');
    const found = await StateFile.read(path, ManifestFile, 'FSX_BENCHMARK_MANIFEST');
    if (found !== undefined && found.content.benchmark !== benchmark) {
      throw new RunError(
        'FSX_BENCHMARK_FOLDER',
        `${directory} holds the benchmark "${found.content.benchmark}"`,
        { suggestion: `Name another folder for "${benchmark}" with --output.` },
      );
    }
    if (found !== undefined) return new Manifest(directory, found);
    const format = { format: 'fsx-benchmark', version: 1 } as const;
    const content = { ...format, benchmark, engine: await engine(), trials: {} };
    return new Manifest(directory, new StateFile(path, content));
  }

  get engine(): EngineName {
    return this.#file.content.engine;
  }

  recordOf({ id }: Pick<Trial, 'id'>): TrialRecord | undefined {
    return this.#file.content.trials[id];
  }

  stateOf(trial: Trial): TrialState {
    const known = this.recordOf(trial);
    if (known === undefined) return 'waiting';
    if (known.hash !== trial.hash) return 'changed';
    return known.status === 'running' ? 'interrupted' : known.status;
  }

  /** Keeps what became of a trial. Resolves when it is on the disk. @throws {RunError} FSX_WRITE_FAILED. */
  async record({ id }: Trial, entry: TrialRecord): Promise<void> {
    this.#file.content.trials[id] = entry;
    await this.#file.save();
  }
}
