import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { RunError } from '../../../src/core/errors.ts';
import { ParameterLayout } from '../../../src/core/nn/parameters.ts';
import type { Recipe } from '../../../src/core/recipe/schema.ts';
import {
  type CheckpointFacts,
  readCheckpoint,
  restoreState,
  restoreWeights,
  writeCheckpoint,
} from '../../../src/core/training/checkpoint.ts';
import { unpackExamples } from '../../../src/core/training/example-tensors.ts';
import type { Optimizer } from '../../../src/core/training/optimizer.ts';
import { type StateLayout, stateLayout } from '../../../src/core/training/state.ts';
import { formula } from '../../support/formula.ts';

const folder = mkdtempSync(join(tmpdir(), 'fsx-checkpoint-'));
const path = join(folder, 'last.safetensors');
afterAll(() => rmSync(folder, { recursive: true }));

const facts: CheckpointFacts = {
  stage: 1,
  step: 450,
  bestValidationPx: 8.6,
  journalSequence: 12,
  recipe: { name: 'größe' } as Recipe,
  recipeHash: 'f00d',
  landmarkNames: ['left', 'right'],
  mirrorPairs: [[0, 1]],
  edges: [],
  meanShape: [
    [0.1, 1 / 3],
    [0.7, 0.2],
  ],
};

/** As a strategy leaves it that remembers three numbers of each of two images. */
const state = {
  'student.parameters': formula('student', 9),
  'student.statistics': formula('statistics', 3),
  'teacher.parameters': Float32Array.of(0, -0, 1e-45, 3.4e38, Number.NaN, Number.POSITIVE_INFINITY, 1, 2, 3),
  'teacher.statistics': formula('teacher', 3),
  'optimizer.first': formula('first', 9),
  'memory.targets': formula('targets', 6),
};

const layout = layoutOf({ kernel: [2, 3], bias: [3] });

beforeEach(() => writeCheckpoint(path, state, stateLayoutOf(layout), facts));

describe('labeled images in a checkpoint', () => {
  it('come back as they were, missing landmarks and all, and are no part of the state', async () => {
    const example = (name: string, landmarks: (readonly [number, number] | null)[]) => ({
      image: { width: 5, height: 3, pixels: formula(name, 15) },
      landmarks,
    });
    const examples = [example('first', [[1.5, 2], null]), example('second', [null, [4, 0.25]])];
    await writeCheckpoint(path, state, stateLayoutOf(layout), facts, examples);
    const checkpoint = await readCheckpoint(path);
    expect(unpackExamples(checkpoint.tensors)).toEqual(examples);
    expect(Object.keys(restoreState(checkpoint, stateLayoutOf(layout)))).toEqual(Object.keys(state));
  });

  it('are none where none were given', async () => {
    expect(unpackExamples((await readCheckpoint(path)).tensors)).toEqual([]);
  });
});

describe('a checkpoint', () => {
  it('gives back every number and every fact exactly', async () => {
    const checkpoint = await readCheckpoint(path);
    const restored = restoreState(checkpoint, stateLayoutOf(layout));
    for (const [name, values] of Object.entries(state)) {
      expect(Buffer.from(restored[name]!.buffer)).toEqual(Buffer.from(values.buffer));
    }
    expect(checkpoint.facts).toEqual(facts);
    expect(restoreWeights(checkpoint, layout, 'student').parameters).toEqual(state['student.parameters']);
  });

  it('of another model names what is missing, unexpected and of another shape', async () => {
    const other = layoutOf({ kernel: [3, 2], scale: [3] });
    const checkpoint = await readCheckpoint(path);
    const error = thrown(() => restoreWeights(checkpoint, other, 'teacher'));
    expect(error).toBeInstanceOf(RunError);
    expect(error).toMatchObject({ code: 'FSX_CHECKPOINT_MISMATCH' });
    expect(error.message).toContain('teacher.kernel has shape [2,3], the model wants [3,2]');
    expect(error.message).toContain('missing: teacher.scale');
    expect(error.message).toContain('unexpected: teacher.bias');
    expect(error.message).not.toContain('student.');
  });

  it('of a very different model names twenty blocks and counts the rest', async () => {
    const blocks = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`block${i}`, [1]]));
    const checkpoint = await readCheckpoint(path);
    const error = thrown(() => restoreWeights(checkpoint, layoutOf(blocks), 'teacher'));
    expect(error.message).toMatch(/and 12 more$/);
  });
});

describe('a file that is no checkpoint', () => {
  const whole = () => readFileSync(path);
  it.each<[string, RegExp, () => Buffer]>([
    ['empty', /too short/, () => Buffer.alloc(0)],
    ['cut off in its header', /header is cut off/, () => whole().subarray(0, 100)],
    ['cut off in its numbers', /not in the file/, () => whole().subarray(0, -1)],
    ['of random bytes', /header is cut off/, () => Buffer.from(formula('garbage', 100).buffer)],
    ['with a header that is not JSON', /JSON/, () => withHeader('{')],
    ['with a header that is no object', /null/, () => withHeader('null')],
    ['with a tensor that is no tensor', /undefined/, () => withHeader('{"a":{}}')],
    ['with numbers of another type', /F8_E4M3, not one of/, () => withTensor('F8_E4M3', 1, [0, 1])],
    ['with a range that does not fit', /4 bytes, not those of shape/, () => withTensor('F32', 9, [0, 4])],
    ['with a range before its start', /not in the file/, () => withTensor('F32', 1, [-4, 0])],
    ['of weights that another program wrote', /not written by fsx/, () => withHeader('{}')],
  ])('%s is refused', async (_case, reason, bytes) => {
    writeFileSync(path, bytes());
    const reading = readCheckpoint(path);
    await expect(reading).rejects.toThrow(reason);
    await expect(reading).rejects.toMatchObject({ code: 'FSX_CHECKPOINT_UNREADABLE', exitCode: 7 });
  });

  it('or is not there is refused', async () => {
    await expect(readCheckpoint(join(folder, 'none'))).rejects.toThrow(/cannot read checkpoint .*none/);
  });
});

function layoutOf(parameters: Readonly<Record<string, number[]>>): ParameterLayout {
  const layout = new ParameterLayout();
  for (const [name, shape] of Object.entries(parameters)) layout.addParameter(name, shape, () => {});
  layout.addStatistic('mean', [3], 0);
  return layout;
}

function stateLayoutOf(parameters: ParameterLayout): StateLayout {
  const optimizer = { slots: ['first'] } as unknown as Optimizer;
  return stateLayout(parameters, { optimizer, strategy: { memory: () => ({ targets: 3 }) } }, 2, 2);
}

function withHeader(json: string): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, Buffer.from(json)]);
}

function withTensor(dtype: string, size: number, range: readonly number[]): Buffer {
  return withHeader(JSON.stringify({ a: { dtype, shape: [size], data_offsets: range } }));
}

function thrown(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}
