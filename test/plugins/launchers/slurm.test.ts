import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRegistry } from '../../../src/composition.ts';
import type { Launcher, TrialEnd, TrialTask } from '../../../src/core/launching/launcher.ts';
import { RecipeFolder } from '../../core/recipe/fixture.ts';
import { noSlurm, SlurmCluster } from '../../support/slurm-cluster.ts';

/** Stands where fsx would: ends as a variable says. */
const PROGRAM = `
process.on('SIGTERM', () => { console.log('saves'); process.exit(130); });
console.log('up');
if (process.env.ENDS === 'never') setInterval(() => {}, 1000);
else { console.error('no such image'); process.exitCode = Number(process.env.ENDS); }
`;
const INTERRUPTED = { code: 130, killedBy: null, complaint: '' };

if (noSlurm !== undefined) console.warn(`SKIPPED: the launcher on a real Slurm: ${noSlurm}`);

describe.skipIf(noSlurm !== undefined)('trials on a real Slurm', () => {
  let folder: RecipeFolder;
  let cluster: SlurmCluster;
  let launcher: Launcher;

  beforeAll(async () => {
    folder = await RecipeFolder.create({ 'program.cjs': PROGRAM });
    cluster = await SlurmCluster.start();
    const environment = { ...process.env, ...cluster.environment };
    const reference = { type: 'slurm', cpus: 2, pollSeconds: 0.2 };
    launcher = (await createRegistry()).create('launcher', reference, { environment }) as Launcher;
  });

  afterAll(async () => {
    await cluster?.stop();
    await folder?.[Symbol.asyncDispose]();
  });

  function taskOf(id: string, ends: string, handle: string | null = null): TrialTask {
    const own = folder.file(id);
    mkdirSync(own, { recursive: true });
    return {
      id,
      folder: own,
      recipeFile: 'r.yaml',
      baseDirectory: '/b',
      environment: { ENDS: ends },
      handle,
    };
  }

  interface Hooks {
    readonly stop?: AbortSignal;
    readonly hold?: AbortSignal;
    readonly onStart?: (task: TrialTask, handle: string) => void;
    readonly onEnd?: (task: TrialTask) => void;
  }

  /** @returns how each trial ended, by its name, in the order of the ends. */
  async function launch(tasks: readonly TrialTask[], hooks: Hooks = {}): Promise<Record<string, TrialEnd>> {
    const { stop = new AbortController().signal, hold = new AbortController().signal } = hooks;
    const ends: Record<string, TrialEnd> = {};
    await launcher.launch({
      ...{ name: 'sweep', folder: folder.path, tasks, stop, hold },
      command: [process.execPath, folder.file('program.cjs')],
      started: async (task, handle) => hooks.onStart?.(task, handle),
      ended: async (task, end) => {
        ends[task.id] = end;
        hooks.onEnd?.(task);
      },
      event: () => {},
    });
    return ends;
  }

  async function untilUp({ folder: own }: TrialTask): Promise<void> {
    await expect
      .poll(() => existsSync(join(own, 'events.jsonl')) && readFileSync(join(own, 'events.jsonl'), 'utf8'), {
        timeout: 60_000,
      })
      .toContain('up');
  }

  test('end with their own exit codes and complaints', async () => {
    const ends = await launch([taskOf('good', '0'), taskOf('bad', '4')]);
    const complaint = 'no such image';
    expect(ends).toEqual({
      good: { code: 0, killedBy: null, complaint },
      bad: { code: 4, killedBy: null, complaint },
    });
  });

  test('are saved when the sweep is stopped, and do not start when they still wait', async () => {
    const stop = new AbortController();
    const tasks = ['s1', 's2', 's3', 's4'].map((id) => taskOf(id, 'never'));
    const launched = launch(tasks, { stop: stop.signal });
    await Promise.all(tasks.slice(0, 2).map(untilUp));
    stop.abort();
    expect(await launched).toEqual(Object.fromEntries(tasks.map(({ id }) => [id, INTERRUPTED])));
    const events = tasks.map((task) => join(task.folder, 'events.jsonl'));
    expect(events.map((file) => existsSync(file) && readFileSync(file, 'utf8'))).toEqual([
      ...Array(2).fill('up\nsaves\n'),
      ...Array(2).fill(false),
    ]);
  });

  test('that run go on when the sweep is held, and those that wait do not start', async () => {
    const [stop, hold] = [new AbortController(), new AbortController()];
    const signals = { stop: stop.signal, hold: hold.signal };
    const going = taskOf('h1', 'never');
    const launched = launch([going], signals);
    await untilUp(going);
    // a node is left: these come one after the other
    const tasks = [taskOf('h2', '4'), taskOf('h3', 'never'), taskOf('h4', 'never')];
    const onEnd = ({ id }: TrialTask) => (id === 'h2' ? hold : stop).abort();
    const ends = await launch(tasks, { ...signals, onEnd });
    expect(ends).toMatchObject({ h2: { code: 4 }, h3: INTERRUPTED, h4: INTERRUPTED });
    expect(existsSync(join(tasks[2]!.folder, 'events.jsonl'))).toBe(false);
    expect(await launched).toEqual({ h1: INTERRUPTED });
    expect(readFileSync(join(going.folder, 'events.jsonl'), 'utf8')).toBe('up\nsaves\n');
  });

  test('that ended while nobody watched are told of, or started again when they were only killed', async () => {
    const failed = taskOf('failed', '0', '9999_0');
    writeFileSync(join(failed.folder, 'exit-code'), '4\n');
    const lost = taskOf('lost', '0', '9999_1');
    const started: string[] = [];
    const ends = await launch([failed, lost], { onStart: ({ id }) => started.push(id) });
    expect(started).toEqual(['lost']);
    expect(ends).toMatchObject({ failed: { code: 4 }, lost: { code: 0 } });
  });

  test('that the process which submitted them could not write down are not started twice', async () => {
    const stop = new AbortController();
    const task = taskOf('unknown', 'never');
    let submitted = '';
    const first = launch([task], { stop: stop.signal, onStart: (_, handle) => (submitted = handle) });
    await untilUp(task);
    const taken: string[] = [];
    const second = launch([task], { stop: stop.signal, onStart: (_, handle) => taken.push(handle) });
    await expect.poll(() => taken, { timeout: 60_000 }).toEqual([submitted]);
    stop.abort();
    expect(await Promise.all([first, second])).toEqual([{ unknown: INTERRUPTED }, { unknown: INTERRUPTED }]);
  });
});
