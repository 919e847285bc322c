import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { dirname, extname, resolve } from 'node:path';
import type { EngineChoice } from '../engine/engine.ts';
import { openEngine } from '../engine/open.ts';
import { PluginError, RunError, UsageError } from '../errors.ts';
import type { Example } from '../matching/landmark-matcher.ts';
import { buildModel, type LandmarkModel } from '../nn/landmark-model.ts';
import { completeBySchema } from '../plugins/options.ts';
import type { PluginRegistry } from '../plugins/registry.ts';
import { resolvePlugin } from '../plugins/user-plugins.ts';
import { type Recipe, RecipeSchema } from '../recipe/schema.ts';
import {
  type Checkpoint,
  type CheckpointFacts,
  readCheckpoint,
  restoreWeights,
} from '../training/checkpoint.ts';
import { unpackExamples } from '../training/example-tensors.ts';
import { Predictor } from '../training/inference.ts';
import { readEnvironment } from './environment.ts';
import type { WeightPair } from './evaluation.ts';
import { openRunDirectory, type RunDirectory, runDirectory } from './run-directory.ts';

/** Which trained model is meant, and what it takes to make it again. */
export interface TrainedModelSource {
  /** A run folder or a checkpoint file. */
  readonly target: string;
  /** A checkpoint of the run by name, such as `best` or a stage; the one that its recipe evaluates when left out. */
  readonly checkpoint?: string;
  /** Instead of the recipe's. */
  readonly engine?: EngineChoice['type'];
  /** The built-in plugins and those of some files. */
  readonly createRegistry: (pluginFiles: readonly string[]) => Promise<PluginRegistry>;
}

/** A model out of a checkpoint, ready to predict. */
export interface TrainedModel {
  readonly checkpointFile: string;
  readonly facts: CheckpointFacts;
  readonly recipe: Recipe;
  readonly registry: PluginRegistry;
  /** Relative paths in the recipe start here. */
  readonly baseDirectory: string;
  readonly predictor: Predictor;
  readonly weights: WeightPair;
  /** The labeled images that the checkpoint holds. */
  readonly examples: readonly Example[];
  /** `[landmarks, 2]`, in the frame. */
  readonly meanShape: Float32Array;
}

/**
 * Makes a model from its checkpoint alone: no dataset and no recipe file is needed, only the recipe's own plugins.
 * @throws {RunError} FSX_RUN_UNKNOWN, FSX_CHECKPOINT_UNKNOWN, FSX_CHECKPOINT_UNREADABLE or FSX_CHECKPOINT_MISMATCH;
 * {UsageError} FSX_CHECKPOINT_NAME when a checkpoint file is named twice; {PluginError} FSX_CHECKPOINT_PLUGINS when the
 * recipe's plugins are gone; {EngineError} when the engine does not start.
 */
export async function openTrainedModel(source: TrainedModelSource): Promise<TrainedModel> {
  const { file, checkpoint } = await findCheckpoint(source);
  const { facts } = checkpoint;
  const { recipe } = facts;
  // Options that came after it was trained have their defaults.
  completeBySchema(RecipeSchema, recipe);
  const baseDirectory = await baseDirectoryOf(file);
  const registry = await source.createRegistry(pluginFilesOf(recipe, file, baseDirectory));
  const meanShape = Float32Array.from(facts.meanShape.flat());
  const model = buildModel(registry, recipe.model, {
    landmarkCount: facts.landmarkNames.length,
    meanShape,
    edges: facts.edges,
  });
  const weights = readWeights(checkpoint, model);
  // Where it was trained there may have been a GPU that is not here.
  const { device: _, ...trainedOn } = recipe.engine;
  const choice = source.engine === undefined ? trainedOn : { type: source.engine };
  const engine = await openEngine(choice);
  const [height, width] = recipe.data.image.size;
  return {
    checkpointFile: file,
    facts,
    recipe,
    registry,
    baseDirectory,
    predictor: new Predictor(engine, model, { width, height }, meanShape, 'fixed'),
    weights,
    examples: unpackExamples(checkpoint.tensors),
    meanShape,
  };
}

/**
 * The recipe in the run folder that a model's checkpoint lies in.
 * @throws {UsageError} FSX_CHECKPOINT_ALONE.
 */
export function recipeFileOf({ checkpointFile }: TrainedModel): string {
  const { recipe } = runOfCheckpoint(checkpointFile);
  if (existsSync(recipe)) return recipe;
  throw new UsageError(
    'FSX_CHECKPOINT_ALONE',
    `${checkpointFile} lies in no run folder, so it has no recipe file`,
    {
      suggestion: 'Name a recipe to change with --data.',
    },
  );
}

function readWeights(checkpoint: Checkpoint, { layout }: LandmarkModel): WeightPair {
  return {
    teacher: restoreWeights(checkpoint, layout, 'teacher'),
    student: restoreWeights(checkpoint, layout, 'student'),
  };
}

interface FoundCheckpoint {
  readonly file: string;
  readonly checkpoint: Checkpoint;
}

async function findCheckpoint({ target, checkpoint: name }: TrainedModelSource): Promise<FoundCheckpoint> {
  const isFile = extname(target) === '.safetensors' && !(await isFolder(target));
  if (!isFile) return checkpointOfRun(await openRunDirectory(target), name);
  if (name === undefined) return { file: resolve(target), checkpoint: await readCheckpoint(target) };
  throw new UsageError(
    'FSX_CHECKPOINT_NAME',
    `${target} is a checkpoint already, so "${name}" names a second`,
    {
      suggestion: 'Name the run folder with --checkpoint, or the checkpoint file alone.',
    },
  );
}

/** The checkpoint of that name, or the one that the run's recipe wants evaluated. */
async function checkpointOfRun(run: RunDirectory, name: string | undefined): Promise<FoundCheckpoint> {
  const names = await checkpointNames(run);
  const wanted = name ?? 'last';
  if (!names.includes(wanted)) throw unknownCheckpoint(run, wanted, names);
  const file = run.checkpoint(wanted);
  const checkpoint = await readCheckpoint(file);
  const prefersBest = name === undefined && checkpoint.facts.recipe.evaluation.checkpoint === 'best';
  if (prefersBest && names.includes('best')) return checkpointOfRun(run, 'best');
  return { file, checkpoint };
}

async function checkpointNames(run: RunDirectory): Promise<string[]> {
  const files = await readdir(dirname(run.checkpoint('last'))).catch(() => []);
  const suffix = '.safetensors';
  return files.filter((file) => file.endsWith(suffix)).map((file) => file.slice(0, -suffix.length));
}

function unknownCheckpoint(run: RunDirectory, name: string, names: readonly string[]): RunError {
  const suggestion =
    names.length === 0
      ? 'It was stopped before its first checkpoint: `fsx resume` trains it.'
      : `It has: ${[...names].sort().join(', ')}.`;
  return new RunError('FSX_CHECKPOINT_UNKNOWN', `the run ${run.path} has no checkpoint "${name}"`, {
    suggestion,
  });
}

/** The run folder that a checkpoint lies in, if it lies in one. */
export function runOfCheckpoint(checkpointFile: string): RunDirectory {
  return runDirectory(dirname(dirname(checkpointFile)));
}

/** The folder that the recipe's paths start from, where the checkpoint still lies in its run. */
async function baseDirectoryOf(checkpointFile: string): Promise<string> {
  const { environment } = runOfCheckpoint(checkpointFile);
  const known = await readEnvironment(environment).catch(() => undefined);
  return known?.baseDirectory ?? process.cwd();
}

function pluginFilesOf({ plugins }: Recipe, checkpointFile: string, baseDirectory: string): string[] {
  const gone: string[] = [];
  const files = plugins.flatMap((name) => {
    try {
      return [resolvePlugin(name, baseDirectory)];
    } catch (error) {
      if (!(error instanceof PluginError)) throw error;
      gone.push(name);
      return [];
    }
  });
  if (gone.length === 0) return files;
  throw new PluginError(
    'FSX_CHECKPOINT_PLUGINS',
    `the model of ${checkpointFile} is made by plugins that are not there: ${gone.join(', ')}`,
    { suggestion: 'Put the files back where they were when it was trained, or install the packages.' },
  );
}

function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
