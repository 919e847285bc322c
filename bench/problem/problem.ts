import { createRegistry } from '../../src/composition.ts';
import type { HostArray, HostBatch } from '../../src/core/data/batch.ts';
import { FIELD_NODES } from '../../src/core/data/displacement.ts';
import { makeStageParts } from '../../src/core/experiment/stage-parts.ts';
import { buildModel, type LandmarkModel } from '../../src/core/nn/landmark-model.ts';
import type { ParameterSlot, StatisticSlot } from '../../src/core/nn/parameters.ts';
import { Random } from '../../src/core/random.ts';
import { loadRecipe } from '../../src/core/recipe/load.ts';
import { type Recipe, type ResolvedStage, resolveStage } from '../../src/core/recipe/schema.ts';
import type { StageParts } from '../../src/core/training/stage.ts';
import { freshWeights, type NetworkVectors } from '../../src/core/training/state.ts';
import type { Case } from './case.ts';

const RECIPE = 'bench/problem/recipe.yaml';
const SEED = 7;
/** Of the last norm of each residual branch: keeps a deep network with random weights well conditioned. */
const BRANCH_SCALE = 0.1;

/** A case made real: the model, its first weights, and the batch that every step learns from. */
export interface Problem {
  readonly recipe: Recipe;
  readonly stage: ResolvedStage;
  readonly parts: StageParts;
  readonly model: LandmarkModel;
  readonly weights: NetworkVectors;
  /** `[landmarks, 2]`. */
  readonly meanShape: Float32Array<ArrayBuffer>;
  readonly batch: HostBatch;
  readonly unlabeledImages: number;
}

/** The same for the same case, in every process. */
export async function makeProblem(chosen: Case): Promise<Problem> {
  const { recipe, registry } = await loadRecipe(RECIPE, {
    createRegistry: () => createRegistry(),
    overrides: overridesOf(chosen),
  });
  const stage = resolveStage(recipe, 0);
  const { landmarks, unlabeledImages } = chosen;
  const meanShape = uniform('mean shape', [landmarks, 2], 0.3, 0.7).values;
  const model = buildModel(registry, recipe.model, { landmarkCount: landmarks, meanShape, edges: [] });
  return {
    ...{ recipe, stage, model, meanShape, unlabeledImages },
    parts: makeStageParts(registry, stage),
    weights: weightsOf(model),
    batch: batchOf(chosen),
  };
}

const SSL: Readonly<Record<Case['strategy'], string>> = {
  supervised: '{ type: supervised }',
  'few-shot-dag': '{ type: few-shot-dag, rampUp: 0 }',
  matched: '{ type: few-shot-dag, targets: matched, rampUp: 0 }',
};

function overridesOf({ strategy, backbone, batch }: Case): string[] {
  return [
    `model.backbone.preset=${backbone}`,
    `training.labeledBatch=${batch}`,
    `training.unlabeledBatch=${batch}`,
    `stages.0.ssl=${SSL[strategy]}`,
  ];
}

/**
 * Fresh weights, but none that hides others: where layers begin at zero, and where every norm begins alike, a loss
 * would say little about the network.
 */
function weightsOf({ layout }: LandmarkModel): NetworkVectors {
  const weights = freshWeights(layout, SEED);
  for (const slot of layout.parameters) perturb(weights.parameters, slot, parameterRange(slot));
  for (const slot of layout.statistics) perturb(weights.statistics, slot, [0.9, 1.1]);
  return weights;
}

/** Multiplies what is there, or fills what is zero. */
function perturb(vector: Float32Array, { name, offset, size }: ParameterSlot | StatisticSlot, range: Range) {
  const random = new Random(SEED, 'perturbation', name);
  for (let i = offset; i < offset + size; i++) {
    vector[i] = vector[i] === 0 ? random.uniform(-0.02, 0.02) : vector[i]! * random.uniform(...range);
  }
}

type Range = readonly [number, number];

function parameterRange({ name }: ParameterSlot): Range {
  const endsBranch = /\.layer1\.\d+\.bn3\.scale$|\.branches\..*\.bn2\.scale$/.test(name);
  return endsBranch ? [0.9 * BRANCH_SCALE, 1.1 * BRANCH_SCALE] : [0.9, 1.1];
}

function batchOf({ strategy, batch, sizePx, landmarks, elastic }: Case): HostBatch {
  const images = (name: string) => uniform(name, [batch, sizePx, sizePx, 1], -1.7, 1.7);
  const labeled = {
    images: images('labeled'),
    landmarks: uniform('landmarks', [batch, landmarks, 2], 0.2, 0.8),
    present: uniform('present', [batch, landmarks], 1, 1),
  };
  if (strategy === 'supervised') return { step: 0, labeled };
  const field = uniform('displacement', [batch, FIELD_NODES, FIELD_NODES, 2], -0.002, 0.002);
  const unlabeled = {
    weak: images('weak'),
    strong: images('strong'),
    weakToStrong: hostArray([batch, 2, 3], () => [0.95, 0.1, 0.02, -0.1, 1.05, -0.01]),
    permutation: hostArray([batch, landmarks, landmarks], () => identity(landmarks)),
    position: hostArray([batch], (slot) => [slot]),
  };
  return { step: 0, labeled, unlabeled: { ...unlabeled, ...(elastic ? { displacement: field } : {}) } };
}

function uniform(name: string, shape: readonly number[], low: number, high: number): HostArray {
  const random = new Random(SEED, 'batch', name);
  return { shape, values: Float32Array.from({ length: product(shape) }, () => random.uniform(low, high)) };
}

function hostArray(shape: readonly number[], row: (slot: number) => readonly number[]): HostArray {
  return {
    shape,
    values: Float32Array.from(Array.from({ length: shape[0]! }, (_, slot) => row(slot)).flat()),
  };
}

function identity(size: number): number[] {
  return Array.from({ length: size * size }, (_, at) => (at % (size + 1) === 0 ? 1 : 0));
}

function product(shape: readonly number[]): number {
  return shape.reduce((total, extent) => total * extent, 1);
}
