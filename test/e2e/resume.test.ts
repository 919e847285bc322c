import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readJournal } from '../../src/core/tracking/journal-file.ts';
import { scriptedServer } from '../support/scripted-server.ts';
import { skewedClock } from '../support/skewed-clock.ts';
import {
  type CliOptions,
  type CliOutcome,
  eventsOf,
  fsx,
  fsxRun,
  readJson,
  runFolder,
  TINY,
  temporaryFolder,
  tensorsOf,
} from './cli.ts';

/** Of each stage: enough that a signal arrives long before the end. */
const STEPS = 60;
const STEP_ARGUMENTS = [0, 1].flatMap((stage) => ['--set', `stages.${stage}.steps=${STEPS}`]);

const folder = temporaryFolder();
afterAll(() => folder[Symbol.dispose]());

let started = 0;
function startRun(engine: string, options: CliOptions = {}): Promise<CliOutcome> {
  const output = join(folder.path, `${engine}-${started++}`);
  return fsxRun(TINY, output, ['--engine', engine, ...STEP_ARGUMENTS], options);
}

/** Sends a signal after a step of a stage. */
function signalAfter(stage: string, step: number, signal: NodeJS.Signals): CliOptions {
  let sent = false;
  return {
    onEvent: (event, process) => {
      if (sent || event.kind !== 'progress' || event.stage !== stage || event.step < step) return;
      sent = true;
      process.kill(signal);
    },
  };
}

/** A step that no checkpoint is written at; told in the output, so that a failure can be repeated. */
function randomStep(): number {
  const step = 1 + Math.floor(Math.random() * (STEPS - 20));
  console.log(`killed after step ${step}`);
  return step;
}

function trackedLosses(run: string): Record<number, number> {
  const losses = readJournal(run).entries.flatMap(({ item }) =>
    item.kind === 'metrics' && 'train/loss' in item.metrics ? [[item.step, item.metrics['train/loss']]] : [],
  );
  expect(new Set(losses.map(([step]) => step)).size, 'a step is tracked once').toBe(losses.length);
  return Object.fromEntries(losses);
}

const wholeRuns: Record<string, Promise<string>> = {};

/** A run that nothing has stopped ends in the same numbers, and has tracked the same. */
async function expectNumbersOfAWholeRun(run: string, engine = 'auto'): Promise<void> {
  wholeRuns[engine] ??= startRun(engine).then(runFolder);
  const whole = await wholeRuns[engine];
  expect(await tensorsOf(run)).toEqual(await tensorsOf(whole));
  expect(readJson(run, 'metrics.json')).toEqual(readJson(whole, 'metrics.json'));
  expect(trackedLosses(run)).toEqual(trackedLosses(whole));
}

describe.each(['auto', 'wasm'])('a run on %s that is killed at some step', (engine) => {
  test.each(['supervised', 'teacher-student'])(
    'in stage %s goes on to the numbers of a run without a stop, bit for bit',
    async (stage) => {
      const killed = await startRun(engine, signalAfter(stage, randomStep(), 'SIGKILL'));
      expect(killed.signal).toBe('SIGKILL');
      const run = runFolder(killed);
      expect(await fsx(['resume', run])).toMatchObject({ code: 0, stderr: '' });
      await expectNumbersOfAWholeRun(run, engine);
    },
  );
});

test('a damaged last checkpoint is told of, and the one before it leads to the same numbers', async () => {
  const run = runFolder(await startRun('auto', signalAfter('teacher-student', 20, 'SIGKILL')));
  const checkpoints = join(run, 'checkpoints');
  const draft = 'last.safetensors.4711.tmp';
  writeFileSync(join(checkpoints, draft), 'half of it');
  const last = join(checkpoints, 'last.safetensors');
  const bytes = readFileSync(last);
  bytes[bytes.length >> 1]! ^= 1;
  writeFileSync(last, bytes);
  const resumed = await fsx(['resume', run]);
  expect(resumed).toMatchObject({ code: 0, stderr: '' });
  expect(resumed.stdout).toMatch(/last\.safetensors.*damaged.*the one before/);
  await expectNumbersOfAWholeRun(run);
  expect(readdirSync(checkpoints), 'what a killed process began to write is gone').not.toContain(draft);
});

test('a clock that jumps ahead in a run and is back when it goes on changes no number of it', async () => {
  const dayMs = 86_400_000;
  const ahead = skewedClock(dayMs, 1_500);
  const run = runFolder(
    await startRun('auto', { ...signalAfter('teacher-student', 20, 'SIGKILL'), env: ahead }),
  );
  expect(readJournal(run).entries.at(-1)!.timestampMs).toBeGreaterThan(Date.now() + dayMs / 2);
  expect(await fsx(['resume', run], { env: skewedClock(-dayMs) })).toMatchObject({ code: 0, stderr: '' });
  await expectNumbersOfAWholeRun(run);
  const times = readJournal(run).entries.map(({ timestampMs }) => timestampMs);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
});

test('of two processes that go on with the same run the second is refused, and harms nothing', async () => {
  const run = runFolder(await startRun('auto', signalAfter('supervised', 5, 'SIGINT')));
  let second: Promise<CliOutcome> | undefined;
  const first = await fsx(['resume', run, '--reporter', 'json'], {
    onEvent: (event) => {
      if (event.kind === 'start') second ??= fsx(['resume', run]);
    },
  });
  expect(first).toMatchObject({ code: 0, stderr: '' });
  const refused = await second!;
  expect(refused.code).toBe(7);
  expect(refused.stderr).toMatch(/FSX_RUN_BUSY|FSX_RESUME_FINISHED/);
  expect(Object.keys(trackedLosses(run))).toHaveLength(2 * STEPS);
});

test('a run that is killed before its first checkpoint begins anew', async () => {
  const killed = await fsxRun(
    TINY,
    join(folder.path, 'early'),
    [...STEP_ARGUMENTS, '--set', 'training.checkpointEvery=50', '--set', 'training.validateEvery=50'],
    signalAfter('supervised', 2, 'SIGKILL'),
  );
  expect(killed.signal).toBe('SIGKILL');
  const run = runFolder(killed);
  expect(await fsx(['resume', run])).toMatchObject({ code: 0, stderr: '' });
  expect(Object.keys(trackedLosses(run))).toHaveLength(2 * STEPS);
});

describe('Ctrl-C', () => {
  test('finishes the step, saves, and exits 130; resume ends the run, and then there is nothing left to resume', async () => {
    const stopped = await startRun('auto', signalAfter('teacher-student', 5, 'SIGINT'));
    expect(stopped).toMatchObject({ code: 130, stderr: '' });
    const run = runFolder(stopped);
    expect(eventsOf(stopped.events, 'interrupted')[0]).toMatchObject({
      stage: 'teacher-student',
      runDirectory: run,
    });
    expect(readJournal(run).entries.at(-1)?.item).toEqual({ kind: 'run-end', status: 'killed' });

    expect(await fsx(['resume', run])).toMatchObject({ code: 0, stderr: '' });
    expect(readJournal(run).entries.at(-1)?.item).toEqual({ kind: 'run-end', status: 'finished' });
    expect(Object.keys(trackedLosses(run))).toHaveLength(2 * STEPS);

    const again = await fsx(['resume', run]);
    expect(again.code).toBe(7);
    expect(again.stderr).toContain('FSX_RESUME_FINISHED');
  });

  test('a changed recipe is refused with the difference, and nothing is lost by it', async () => {
    const stopped = await startRun('auto', signalAfter('supervised', 5, 'SIGINT'));
    const run = runFolder(stopped);
    const recipe = join(run, 'recipe.resolved.yaml');
    const text = readFileSync(recipe, 'utf8');
    writeFileSync(recipe, text.replace('learningRate: 0.001', 'learningRate: 0.5'));
    const refused = await fsx(['resume', run]);
    expect(refused.code).toBe(7);
    expect(refused.stderr).toContain('FSX_RESUME_RECIPE_CHANGED');
    expect(refused.stderr).toContain('training.learningRate: 0.001 -> 0.5');
    writeFileSync(recipe, text);
    expect((await fsx(['resume', run])).code).toBe(0);
  });

  test('a second one stops at once, although the tracking server does not answer', async () => {
    const { uri } = await scriptedServer([{ silent: true }]);
    let secondMs = Number.NaN;
    const stopped = await startRun('auto', {
      env: { MLFLOW_TRACKING_URI: uri },
      onEvent: (event, process) => {
        if (event.kind === 'progress' && event.step === 3) process.kill('SIGINT');
        if (event.kind !== 'interrupted') return;
        secondMs = Date.now();
        process.kill('SIGINT');
      },
    });
    expect(stopped.code).toBe(130);
    expect(Date.now() - secondMs).toBeLessThan(5_000);
    expect(eventsOf(stopped.events, 'tracking')).toEqual([]);
  });
});
