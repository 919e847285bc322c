import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { keepPrevious, restorePrevious } from '../../../src/core/training/previous-checkpoint.ts';

let folder: string;
let last: string;
let previous: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fsx-previous-'));
  last = join(folder, 'last.safetensors');
  previous = join(folder, 'last.previous.safetensors');
});

afterEach(() => rmSync(folder, { recursive: true }));

/** As a checkpoint is written: by renaming. */
async function write(content: string): Promise<void> {
  await keepPrevious(last, previous);
  rmSync(last, { force: true });
  writeFileSync(last, content);
}

test('after each checkpoint the one before it is there, and nothing else', async () => {
  await write('first');
  expect(readdirSync(folder)).toEqual(['last.safetensors']);
  for (const [before, content] of [
    ['first', 'second'],
    ['second', 'third'],
  ] as const) {
    await write(content);
    expect(readFileSync(previous, 'utf8')).toBe(before);
    expect(readFileSync(last, 'utf8')).toBe(content);
    expect(readdirSync(folder)).toHaveLength(2);
  }
});

test('a damaged last one never takes the place of the one before it', async () => {
  await write('first');
  await write('damaged');
  await restorePrevious(previous, last);
  await keepPrevious(last, previous);
  expect([last, previous].map((file) => readFileSync(file, 'utf8'))).toEqual(['first', 'first']);
  expect(readdirSync(folder)).toHaveLength(2);
});
