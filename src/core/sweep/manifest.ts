import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Static, type TSchema, Type } from 'typebox';
import { stringify } from 'yaml';
import { writeFileAtomically } from '../atomic-file.ts';
import { RunError } from '../errors.ts';
import type { PluginReference } from '../plugins/definition.ts';
import { StateFile } from '../trials/state-file.ts';
import type { Sweep } from './load.ts';
import type { PlannedTrial } from './plan.ts';
import { SweepSchema } from './schema.ts';

const nullable = <S extends TSchema>(schema: S) => Type.Union([schema, Type.Null()]);

const TrialRecord = Type.Object({
  /** From 1, in the order of the plan; a trial keeps it for ever. */
  number: Type.Integer({ minimum: 1 }),
  /** The number and what the trial differs in: `007.width-16.seed-2`. Its recipe and its folder are named so. */
  name: Type.String(),
  params: Type.Record(Type.String(), Type.Unknown()),
  seed: Type.Integer(),
  /** `PlannedTrial.hash`. */
  hash: Type.String(),
  baseDirectory: Type.String(),
  /** `interrupted`: it can go on from its checkpoint. `failed`: it is run again only when that is asked for. */
  status: Type.Union([
    Type.Literal('waiting'),
    Type.Literal('running'),
    Type.Literal('interrupted'),
    Type.Literal('finished'),
    Type.Literal('failed'),
  ]),
  /** From 1; trying a failed trial again begins another. */
  attempt: Type.Integer({ minimum: 1 }),
  /** The run's folder, relative to the sweep's; null until it is made. */
  run: nullable(Type.String()),
  /** Where its launcher finds it, while it is running. */
  handle: nullable(Type.String()),
  /** Why it did not come to its end, the last time. */
  error: nullable(Type.String()),
});

const ManifestFile = Type.Object({
  format: Type.Literal('fsx-sweep'),
  version: Type.Literal(1),
  /** UUID, for ever: a tracker puts the runs under one parent by it. */
  id: Type.String(),
  sweep: Type.String(),
  description: Type.String(),
  objective: SweepSchema.properties.objective,
  launcher: Type.Unsafe<PluginReference>(Type.Record(Type.String(), Type.Unknown())),
  /** Plugin files that the launcher may come from. */
  plugins: Type.Array(Type.String()),
  trials: Type.Array(TrialRecord),
});

export type TrialRecord = Static<typeof TrialRecord>;

/**
 * `manifest.json`: the truth about a sweep. With the recipes beside it, it is all that is needed to go on: the file
 * that the sweep was made from may be gone.
 */
export class SweepManifest {
  readonly directory: string;
  readonly #file: StateFile<typeof ManifestFile>;

  private constructor(directory: string, file: StateFile<typeof ManifestFile>) {
    this.directory = directory;
    this.#file = file;
  }

  /** @throws {RunError} FSX_SWEEP_UNKNOWN for a folder without a sweep, FSX_SWEEP_MANIFEST. */
  static async open(directory: string): Promise<SweepManifest> {
    const found = await readManifest(directory);
    if (found !== undefined) return new SweepManifest(resolve(directory), found);
    throw new RunError('FSX_SWEEP_UNKNOWN', `${directory} is not a sweep: it has no manifest.json`, {
      suggestion: 'Name the folder that `fsx sweep run` made, such as runs/sweeps/NAME.',
    });
  }

  /**
   * The sweep in a folder with the trials of a plan: those that it knows keep their numbers and what became of them,
   * new ones are added behind them. The recipes are on disk, and then the manifest is.
   * @throws {RunError} FSX_SWEEP_FOLDER for the folder of another sweep, FSX_SWEEP_CHANGED when the plan lacks trials
   * that the folder has, FSX_SWEEP_MANIFEST.
   */
  static async update(
    directory: string,
    sweep: Sweep,
    plan: readonly PlannedTrial[],
  ): Promise<SweepManifest> {
    const path = resolve(directory);
    const { name, description, objective, launcher } = sweep.settings;
    const found = await readManifest(path);
    refuseOther(path, name, found?.content);
    const known = found?.content.trials ?? [];
    refuseMissing(path, known, plan);
    const added = plan
      .filter(({ hash }) => !known.some((trial) => trial.hash === hash))
      .map((trial, index) => ({ trial, record: newRecord(trial, known.length + index + 1) }));
    for (const { trial, record } of added) await writeRecipe(path, trial, record);
    const content: Static<typeof ManifestFile> = {
      ...{ format: 'fsx-sweep', version: 1, id: found?.content.id ?? randomUUID() },
      ...{ sweep: name, description, objective, launcher, plugins: [...sweep.pluginFiles] },
      trials: [...known, ...added.map(({ record }) => record)],
    };
    const manifest = new SweepManifest(path, new StateFile(manifestPath(path), content));
    await manifest.#file.save();
    return manifest;
  }

  get id(): string {
    return this.#file.content.id;
  }

  get name(): string {
    return this.#file.content.sweep;
  }

  get description(): string {
    return this.#file.content.description;
  }

  get objective(): Static<typeof ManifestFile>['objective'] {
    return this.#file.content.objective;
  }

  get launcher(): PluginReference {
    return this.#file.content.launcher;
  }

  get pluginFiles(): readonly string[] {
    return this.#file.content.plugins;
  }

  /** By number. */
  get trials(): readonly TrialRecord[] {
    return this.#file.content.trials;
  }

  trial(number: number): TrialRecord {
    return this.trials[number - 1]!;
  }

  /** Keeps what became of a trial. Resolves when it is on the disk. @throws {RunError} FSX_WRITE_FAILED. */
  async record(number: number, changes: Partial<TrialRecord>): Promise<void> {
    Object.assign(this.trial(number), changes);
    await this.#file.save();
  }

  recipeFile(trial: TrialRecord): string {
    return join(this.directory, 'trials', trial.name, 'recipe.yaml');
  }

  /** Where the run of the current attempt is made. */
  attemptFolder({ name, attempt }: TrialRecord): string {
    return join(this.directory, 'trials', name, String(attempt));
  }
}

function manifestPath(directory: string): string {
  return join(directory, 'manifest.json');
}

function readManifest(directory: string): Promise<StateFile<typeof ManifestFile> | undefined> {
  return StateFile.read(manifestPath(directory), ManifestFile, 'FSX_SWEEP_MANIFEST');
}

function refuseOther(directory: string, name: string, found: Static<typeof ManifestFile> | undefined): void {
  if (found === undefined || found.sweep === name) return;
  throw new RunError('FSX_SWEEP_FOLDER', `${directory} holds the sweep "${found.sweep}"`, {
    suggestion: `Name another folder for "${name}" with --output.`,
  });
}

function refuseMissing(
  directory: string,
  known: readonly TrialRecord[],
  plan: readonly PlannedTrial[],
): void {
  const missing = known.filter(({ hash }) => !plan.some((trial) => trial.hash === hash));
  if (missing.length === 0) return;
  const names = missing.map(({ name }) => name).join(', ');
  throw new RunError(
    'FSX_SWEEP_CHANGED',
    `${missing.length} trials in ${directory} are not what the file asks for any more: ${names}`,
    {
      suggestion:
        'Undo the change or name another folder with --output; `fsx sweep resume` goes on as it was. ' +
        'Values and seeds that are added are added to the folder.',
    },
  );
}

function newRecord({ label, params, seed, hash, baseDirectory }: PlannedTrial, number: number): TrialRecord {
  const name = [String(number).padStart(3, '0'), ...(label === '' ? [] : [label])].join('.');
  const nothing = { status: 'waiting', attempt: 1, run: null, handle: null, error: null } as const;
  return { number, name, params: { ...params }, seed, hash, baseDirectory, ...nothing };
}

async function writeRecipe(
  directory: string,
  { recipe }: PlannedTrial,
  { name }: TrialRecord,
): Promise<void> {
  const folder = join(directory, 'trials', name);
  await mkdir(folder, { recursive: true });
  const text = stringify({ ...recipe, name }, { lineWidth: 110 });
  await writeFileAtomically(join(folder, 'recipe.yaml'), [text]);
}
