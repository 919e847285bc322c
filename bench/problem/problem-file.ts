import { readFileSync, writeFileSync } from 'node:fs';
import type { HostArray } from '../../src/core/data/batch.ts';
import type { Slot } from '../../src/core/nn/parameters.ts';
import {
  decodeSafetensors,
  encodeSafetensors,
  type NamedTensor,
} from '../../src/core/training/safetensors.ts';
import type { Case } from './case.ts';
import { makeProblem } from './problem.ts';

/**
 * Writes what a peer needs to train the same: weights by their names in the model (`parameters/…`, `statistics/…`), the
 * batch (`labeled/…`, `unlabeled/…`) and the mean shape; recipe and stage, with every default, as JSON in the metadata.
 */
export async function writeProblem(path: string, chosen: Case): Promise<void> {
  const { recipe, stage, model, weights, meanShape, batch } = await makeProblem(chosen);
  const tensors: NamedTensor[] = [
    ...blocks('parameters', model.layout.parameters, weights.parameters),
    ...blocks('statistics', model.layout.statistics, weights.statistics),
    ...arrays('labeled', batch.labeled),
    ...arrays('unlabeled', batch.unlabeled),
    { name: 'meanShape', shape: [chosen.landmarks, 2], values: meanShape },
  ];
  const metadata = {
    case: JSON.stringify(chosen),
    recipe: JSON.stringify(recipe),
    stage: JSON.stringify(stage),
  };
  writeFileSync(path, Buffer.concat(encodeSafetensors({ tensors, metadata })));
}

/** The case of a file; `makeProblem` makes the rest again. */
export function readCase(path: string): Case {
  return JSON.parse(decodeSafetensors(readFileSync(path)).metadata.case!) as Case;
}

function blocks(kind: string, slots: readonly Slot[], vector: Float32Array): NamedTensor[] {
  return slots.map(({ name, shape, offset, size }) => ({
    name: `${kind}/${name}`,
    shape,
    values: vector.subarray(offset, offset + size),
  }));
}

function arrays(kind: string, group: Readonly<Record<string, HostArray>> = {}): NamedTensor[] {
  return Object.entries(group).map(([name, { shape, values }]) => ({
    name: `${kind}/${name}`,
    shape,
    values,
  }));
}
