import { readFile } from 'node:fs/promises';
import { writeFileAtomically } from '../atomic-file.ts';
import { RunError } from '../errors.ts';
import type { Example } from '../matching/landmark-matcher.ts';
import type { ParameterLayout, Slot } from '../nn/parameters.ts';
import type { Recipe } from '../recipe/schema.ts';
import { packExamples } from './example-tensors.ts';
import { decodeSafetensors, encodeSafetensors, type NamedTensor } from './safetensors.ts';
import {
  type NetworkVectors,
  networkLayout,
  type StateLayout,
  type StateVectors,
  sizeOf,
  type Weights,
  weightsOf,
} from './state.ts';

/** What a checkpoint says beside its numbers: enough to go on training, and to predict without anything else. */
export interface CheckpointFacts {
  readonly stage: number;
  /** Steps of the stage that are done. */
  readonly step: number;
  /** Lowest validation error so far in this stage, in pixels; null before the first. */
  readonly bestValidationPx: number | null;
  /** Journal entries that existed when it was written. */
  readonly journalSequence: number;
  readonly recipe: Recipe;
  readonly recipeHash: string;
  readonly landmarkNames: readonly string[];
  readonly mirrorPairs: readonly (readonly [number, number])[];
  readonly edges: readonly (readonly [number, number])[];
  /** `[x, y]` a landmark, in [0, 1] of the frame. */
  readonly meanShape: readonly (readonly [number, number])[];
}

export interface Checkpoint {
  readonly facts: CheckpointFacts;
  readonly tensors: ReadonlyMap<string, NamedTensor>;
}

const FORMAT = '2';

/**
 * One safetensors file: every named block of student, teacher and optimizer as a tensor of its own, the facts as
 * JSON in the header. Written whole or not at all.
 * @param examples labeled images that the model is to be asked with.
 * @throws {RunError} FSX_WRITE_FAILED.
 */
export async function writeCheckpoint(
  path: string,
  state: StateVectors,
  layout: StateLayout,
  facts: CheckpointFacts,
  examples: readonly Example[] = [],
): Promise<void> {
  const tensors = Object.entries(state).flatMap(([vector, values]) =>
    layout[vector]!.map(({ name, shape, offset, size }) => ({
      name: blockName(vector, name),
      shape,
      values: values.subarray(offset, offset + size),
    })),
  );
  const metadata = { format: FORMAT, facts: JSON.stringify(facts) };
  tensors.push(...packExamples(examples));
  await writeFileAtomically(path, encodeSafetensors({ tensors, metadata }));
}

/** @throws {RunError} FSX_CHECKPOINT_UNREADABLE. */
export async function readCheckpoint(path: string): Promise<Checkpoint> {
  try {
    const { tensors, metadata } = decodeSafetensors(await readFile(path));
    if (metadata.format !== FORMAT || metadata.facts === undefined)
      throw new Error('it was not written by fsx, or by an earlier version of it');
    const facts = JSON.parse(metadata.facts) as CheckpointFacts;
    return { facts, tensors: new Map(tensors.map((tensor) => [tensor.name, tensor])) };
  } catch (cause) {
    throw new RunError(
      'FSX_CHECKPOINT_UNREADABLE',
      `cannot read checkpoint ${path}: ${(cause as Error).message}`,
      {
        suggestion: 'Name a .safetensors file from the checkpoints folder of a run.',
        cause,
      },
    );
  }
}

/**
 * The vectors of a checkpoint that a layout names.
 * @throws {RunError} FSX_CHECKPOINT_MISMATCH, naming each missing, unexpected or differently shaped block.
 */
export function restoreState(checkpoint: Checkpoint, layout: StateLayout): StateVectors {
  const problems: string[] = [];
  const expected = new Set<string>();
  const state = Object.entries(layout).map(([vector, slots]) => {
    const values = new Float32Array(sizeOf(slots));
    for (const slot of slots) {
      expected.add(blockName(vector, slot.name));
      copyBlock(checkpoint, vector, slot, values, problems);
    }
    return [vector, values] as const;
  });
  const prefixes = Object.keys(layout).map(prefixOf);
  for (const name of checkpoint.tensors.keys()) {
    if (!expected.has(name) && prefixes.some((prefix) => name.startsWith(prefix)))
      problems.push(`unexpected: ${name}`);
  }
  if (problems.length > 0) throw mismatch(problems);
  return Object.fromEntries(state);
}

/** Parameters and statistics of one network of a checkpoint. @throws {RunError} FSX_CHECKPOINT_MISMATCH. */
export function restoreWeights(
  checkpoint: Checkpoint,
  layout: ParameterLayout,
  which: Weights,
): NetworkVectors {
  return weightsOf(restoreState(checkpoint, networkLayout(layout, which)), which);
}

function copyBlock(
  { tensors }: Checkpoint,
  vector: string,
  slot: Slot,
  into: Float32Array,
  problems: string[],
): void {
  const name = blockName(vector, slot.name);
  const tensor = tensors.get(name);
  if (tensor === undefined) problems.push(`missing: ${name}`);
  else if (tensor.shape.join() !== slot.shape.join()) {
    problems.push(`${name} has shape [${tensor.shape}], the model wants [${slot.shape}]`);
  } else into.set(tensor.values, slot.offset);
}

function mismatch(problems: readonly string[]): RunError {
  const shown = problems.slice(0, 20).map((problem) => `  ${problem}`);
  const rest = problems.length > 20 ? [`  and ${problems.length - 20} more`] : [];
  const message = ['the checkpoint is of another model:', ...shown, ...rest].join('\n');
  return new RunError('FSX_CHECKPOINT_MISMATCH', message, {
    suggestion: 'Use the recipe that the checkpoint was trained with, or train anew.',
  });
}

/** `student.parameters` and `student.statistics` share the prefix `student.`; `optimizer.first` is its own. */
function prefixOf(vector: string): string {
  return `${vector.replace(/\.(parameters|statistics)$/, '')}.`;
}

function blockName(vector: string, block: string): string {
  return prefixOf(vector) + block;
}
