import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { EXIT_CODES } from '../../../src/core/errors.ts';
import type { TrialTask } from '../../../src/core/launching/launcher.ts';
import {
  MOST_STANDSTILLS,
  readTrialEnd,
  type TrialScript,
  writeTrialScript,
} from '../../../src/core/launching/trial-script.ts';
import { RecipeFolder } from '../recipe/fixture.ts';

/** Stands where fsx would: tells its arguments, and ends as a variable says; SIGTERM has it save for a while, at a step. */
const PROGRAM = `
const { ENDS, NOTE, STEP = 0 } = process.env;
process.on('SIGTERM', () => {
  console.log(JSON.stringify({ kind: 'interrupted', step: STEP, cpuSeconds: Math.random() }));
  console.log('saves');
  setTimeout(() => process.exit(130), 200);
});
console.log(JSON.stringify([...process.argv.slice(2), NOTE]));
if (ENDS === 'never') setInterval(() => {}, 1000);
else if (ENDS === 'killed') process.kill(process.pid, 'SIGKILL');
else { console.error('no such image'); process.exitCode = Number(ENDS); }
`;

const folder = await RecipeFolder.create({ 'program.cjs': PROGRAM });
afterAll(() => folder[Symbol.asyncDispose]());

let task: TrialTask;
let count = 0;

beforeEach(() => {
  count += 1;
  const own = folder.file(`it's ${count}`);
  mkdirSync(own);
  task = {
    ...{ id: '001', folder: own, recipeFile: 'r $HOME.yaml', baseDirectory: '/b', handle: null },
    environment: { NOTE: "a 'b' $c" },
  };
});

async function start(ends: string, script: Partial<TrialScript> = {}): Promise<ChildProcess> {
  const command = [process.execPath, folder.file('program.cjs')];
  const path = await writeTrialScript(task, {
    command,
    threads: 3,
    setUp: [`export ENDS=${ends}`],
    ...script,
  });
  // a group of its own, which is what a scheduler signals
  return spawn('bash', [path], { stdio: 'inherit', detached: true });
}

async function code(trial: ChildProcess): Promise<number | null> {
  if (trial.exitCode === null) await once(trial, 'exit');
  return trial.exitCode;
}

const written = (name: string) => readFileSync(join(task.folder, name), 'utf8');
const argv = () =>
  written('events.jsonl')
    .split('\n')
    .filter((line) => line.startsWith('['))
    .map((line) => JSON.parse(line));

async function untilStarted(times = 1): Promise<void> {
  while (!existsSync(join(task.folder, 'events.jsonl')) || argv().length < times) await delay(20);
}

test('a script begins the run, and goes on with it when the scheduler starts the script again', async () => {
  expect(await code(await start('0'))).toBe(0);
  for (const run of ['2026-01-01T00-00-00-r', '2026-01-01T00-00-00-r-2', '2026-01-02-hardly-begun']) {
    mkdirSync(join(task.folder, run));
    if (!run.endsWith('begun')) writeFileSync(join(task.folder, run, 'journal.jsonl'), '');
  }
  const again = spawn('bash', [join(task.folder, 'trial.sh')]);
  expect(await code(again)).toBe(0);
  const set = ['--set', `output=${task.folder}`, '--set', 'engine.threads=3'];
  const run = join(task.folder, '2026-01-01T00-00-00-r-2');
  expect(argv()).toEqual([
    ['run', 'r $HOME.yaml', '--base', '/b', ...set, '--reporter', 'json', "a 'b' $c"],
    ['resume', run, '--wait', '--reporter', 'json', "a 'b' $c"],
  ]);
});

test('the end of a trial that nobody watched is found with its exit code and what it complained of', async () => {
  expect(await readTrialEnd(task)).toBe(undefined);
  expect(await code(await start('4'))).toBe(4);
  expect(await readTrialEnd(task)).toEqual({ code: 4, killedBy: null, complaint: 'no such image' });
  await code(await start('killed'));
  expect(await readTrialEnd(task)).toMatchObject({ code: null, killedBy: 'SIGKILL' });
});

test('a set-up line that gives up ends the trial with its reason', async () => {
  await code(await start('0', { setUp: ['no-such-module || exit'] }));
  const end = await readTrialEnd(task);
  expect(end).toMatchObject({ code: 127, complaint: expect.stringContaining('no-such-module') });
});

test('a trial that the scheduler stops saves once, and counts as interrupted', async () => {
  const trial = await start('never', { again: 'echo again' });
  await untilStarted();
  process.kill(-trial.pid!, 'SIGTERM');
  expect(await code(trial)).toBe(130);
  expect(written('events.jsonl').match(/saves/g)).toHaveLength(1);
  expect(written('events.jsonl')).not.toContain('again');
  expect(await readTrialEnd(task)).toMatchObject({ code: 130, killedBy: null });
});

test('a trial whose time is nearly up saves, asks to be started again and has not ended', async () => {
  const trial = await start('never', { again: 'echo again' });
  await untilStarted();
  process.kill(trial.pid!, 'SIGUSR1');
  expect(await code(trial)).toBe(130);
  expect(written('events.jsonl')).toMatch(/saves\nagain/);
  expect(await readTrialEnd(task)).toBe(undefined);
});

/** Starts a trial so many times, and lets its time run out in each. @param step that it gets to. */
async function runOutOfTime(times: number, step: string): Promise<void> {
  let trial = await start('never', { again: 'echo again', setUp: [`export ENDS=never STEP=${step}`] });
  for (let started = 1; ; started++) {
    await untilStarted(started);
    process.kill(trial.pid!, 'SIGUSR1');
    await code(trial);
    if (started === times) return;
    trial = spawn('bash', [join(task.folder, 'trial.sh')]);
  }
}

test('a trial whose time limit leaves no room for a step is not started again for ever', async () => {
  await runOutOfTime(MOST_STANDSTILLS + 1, '7');
  expect(written('events.jsonl').match(/^again$/gm)).toHaveLength(MOST_STANDSTILLS);
  const complaint = expect.stringMatching(/time limit leaves no room for a step: 3 times/);
  expect(await readTrialEnd(task)).toEqual({ code: EXIT_CODES.run, killedBy: null, complaint });
});

test('a trial that gets a step further is started again as often as it takes', async () => {
  const startsBefore = `$(grep -c '^\\[' "$(dirname "$0")/events.jsonl")`;
  await runOutOfTime(MOST_STANDSTILLS + 2, startsBefore);
  expect(written('events.jsonl').match(/^again$/gm)).toHaveLength(MOST_STANDSTILLS + 2);
  expect(await readTrialEnd(task)).toBe(undefined);
});

test('a trial that is stopped while it is being set up does not start', async () => {
  const trial = await start('0', { setUp: ['echo "[]"; sleep 1'] });
  await untilStarted();
  process.kill(-trial.pid!, 'SIGTERM');
  expect(await code(trial)).toBe(130);
  expect(argv()).toEqual([[]]);
});
