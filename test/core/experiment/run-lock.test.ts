import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runDirectory } from '../../../src/core/experiment/run-directory.ts';
import { withRunLock } from '../../../src/core/experiment/run-lock.ts';
import { temporaryRun } from '../../support/tracked-run.ts';

test('whoever comes second to a run folder is refused at once; after the first it is free', async () => {
  const directory = runDirectory(temporaryRun());
  await withRunLock(directory, async () => {
    const second = withRunLock(directory, async () => 'done');
    await expect(second).rejects.toMatchObject({ code: 'FSX_RUN_BUSY', exitCode: 7 });
  });
  expect(await withRunLock(directory, async () => 'done')).toBe('done');
});

test('work that fails leaves no lock behind', async () => {
  const directory = runDirectory(temporaryRun());
  const failing = withRunLock(directory, async () => {
    throw new Error('diverged');
  });
  await expect(failing).rejects.toThrow('diverged');
  expect(await withRunLock(directory, async () => 'done')).toBe('done');
});

test('a folder that cannot be written is said to be one, with what to do', async () => {
  // a file where a folder should be is what even root cannot write into
  const file = join(temporaryRun(), 'file');
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, '');
  await expect(withRunLock(runDirectory(file), async () => 'done')).rejects.toMatchObject({
    code: 'FSX_RUN_DIRECTORY',
    suggestion: expect.stringContaining('writable'),
  });
});

test('whoever may wait for a run gets it when it is free, and is refused when waiting is given up', async () => {
  const directory = runDirectory(temporaryRun());
  const work = async () => 'done';
  let tries = 0;
  let patient: Promise<string> | undefined;
  await withRunLock(directory, async () => {
    patient = withRunLock(directory, work, () => true);
    const impatient = withRunLock(directory, work, () => ++tries < 3);
    await expect(impatient).rejects.toMatchObject({ code: 'FSX_RUN_BUSY' });
  });
  expect(tries).toBe(3);
  expect(await patient).toBe('done');
});
