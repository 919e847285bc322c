import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runDirectory } from '../../../src/core/experiment/run-directory.ts';
import { withRunLock } from '../../../src/core/experiment/run-lock.ts';
import { SweepManifest } from '../../../src/core/sweep/manifest.ts';
import { planTrials } from '../../../src/core/sweep/plan.ts';
import { withSweepLock } from '../../../src/core/sweep/session.ts';
import { trialStates } from '../../../src/core/sweep/trial-states.ts';
import { Journal } from '../../../src/core/tracking/journal.ts';
import { RecipeFolder } from '../recipe/fixture.ts';
import { loadText } from './fixture.ts';

const FOUR = 'name: four\nrecipe: recipe.yaml\ngrid: { training.clipNorm: [1, 2, 3, 4] }\n';

test('after a sweep was killed each trial says itself whether it goes on, has ended or was killed with it', async () => {
  await using folder = await RecipeFolder.create({});
  const sweep = await loadText(FOUR);
  const manifest = await SweepManifest.update(folder.path, sweep, await planTrials(sweep));
  for (const { number } of manifest.trials.slice(0, 3))
    await manifest.record(number, { status: 'running', handle: `host:${number}` });
  const [goesOn, killed, ended] = await Promise.all(
    manifest.trials.slice(0, 3).map(async (trial) => {
      const run = join(manifest.attemptFolder(trial), 'run');
      await mkdir(run, { recursive: true });
      return run;
    }),
  );
  new Journal(goesOn!).close();
  new Journal(killed!).close();
  const journal = new Journal(ended!);
  journal.append({ kind: 'run-end', status: 'finished' });
  journal.close();

  await withRunLock(runDirectory(goesOn!), async () => {
    expect(await trialStates(manifest)).toEqual(['running', 'interrupted', 'finished', 'waiting']);
  });
  // whoever works on the sweep may be about to start them
  const wait = () => {};
  await withSweepLock(folder.path, wait, async () => {
    expect(await trialStates(manifest)).toEqual(['running', 'running', 'running', 'waiting']);
  });
});
