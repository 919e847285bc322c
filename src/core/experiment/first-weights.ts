import { basename, resolve } from 'node:path';
import { readTimmWeights, type TimmMatch } from '../nn/timm-weights.ts';
import { freshWeights, type NetworkVectors } from '../training/state.ts';
import type { RunListener } from './events.ts';
import type { Experiment } from './experiment.ts';

/**
 * Where a stage without `from` starts: numbers drawn from the seed and, where the recipe names published weights,
 * those in the backbone. Says what the file left to chance.
 * @param baseDirectory relative paths in the recipe start here.
 * @throws {RunError} FSX_WEIGHTS_UNREADABLE or FSX_WEIGHTS_MISMATCH.
 */
export async function firstWeights(
  { recipe, model }: Pick<Experiment, 'recipe' | 'model'>,
  baseDirectory: string,
  listener: RunListener,
): Promise<NetworkVectors> {
  const drawn = freshWeights(model.layout, recipe.seed);
  const { weights } = recipe.model;
  const { published } = model.backbone;
  if (weights === null || published === undefined) return drawn;
  const path = resolve(baseDirectory, weights);
  const match = await readTimmWeights(path, { layout: model.layout, published, ...drawn });
  for (const message of describeMatch(basename(path), match)) listener({ kind: 'notice', message });
  return drawn;
}

function describeMatch(file: string, { fresh, unexpected }: TimmMatch): string[] {
  const start = fresh.length === 0 ? '' : `; not in it, and fresh: ${fresh.join(', ')}`;
  const loaded = `weights: the backbone's from ${file}${start}`;
  if (unexpected.length === 0) return [loaded];
  return [loaded, `weights: ${file} has more than the backbone takes: ${unexpected.join(', ')}`];
}
