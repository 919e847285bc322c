import { availableParallelism } from 'node:os';
import { expect, test } from 'vitest';
import { createRegistry } from '../../../src/composition.ts';
import type { Launcher, TrialTask } from '../../../src/core/launching/launcher.ts';
import { RecipeFolder } from '../../core/recipe/fixture.ts';

/** Stands where fsx would: prints its GPU as an event, then says its arguments on standard error and fails. */
const SCRIPT = `
process.stdout.write(JSON.stringify({ kind: 'notice', message: process.env.CUDA_VISIBLE_DEVICES ?? 'none' }) + '\\n');
process.stderr.write(process.argv.slice(2).join(' ') + ' name=' + process.env.FSX_RUN_NAME);
setTimeout(() => process.exit(9), 100);
`;

async function local(options: object, environment = {}): Promise<Launcher> {
  return (await createRegistry()).create('launcher', { type: 'local', ...options }, { environment });
}

interface Launched {
  readonly gpus: string[];
  readonly complaints: string[];
  readonly mostAtATime: number;
}

async function launch(
  launcher: Launcher,
  count: number,
  { holdAfter = Number.POSITIVE_INFINITY } = {},
): Promise<Launched> {
  await using folder = await RecipeFolder.create({ 'trial.mjs': SCRIPT });
  const tasks = Array.from({ length: count }, (_, index): TrialTask => {
    const id = `00${index + 1}`;
    const environment = { FSX_RUN_NAME: id };
    return {
      id,
      folder: folder.file(id),
      recipeFile: 'r.yaml',
      baseDirectory: '/b',
      environment,
      handle: null,
    };
  });
  const hold = new AbortController();
  const gpus: string[] = [];
  const complaints: string[] = [];
  let [running, mostAtATime] = [0, 0];
  await launcher.launch({
    ...{ name: 'sweep', folder: folder.path, tasks },
    command: [process.execPath, folder.file('trial.mjs')],
    stop: new AbortController().signal,
    hold: hold.signal,
    started: async () => {
      running += 1;
      mostAtATime = Math.max(mostAtATime, running);
    },
    ended: async (_, { complaint, code }) => {
      running -= 1;
      complaints.push(`${code}: ${complaint}`);
      if (complaints.length >= holdAfter) hold.abort();
    },
    event: (_, event) => event.kind === 'notice' && gpus.push(event.message),
  });
  return { gpus, complaints, mostAtATime };
}

test('the cores are divided among the workers unless the options say', async () => {
  const cores = availableParallelism();
  expect((await local({ workers: 2, gpus: [] })).threads).toBe(Math.max(1, Math.floor(cores / 2)));
  expect((await local({ workers: 2, threads: 3, gpus: [] })).threads).toBe(3);
});

test('there is one worker for each GPU that the environment shows, and each has its own', async () => {
  const launcher = await local({}, { CUDA_VISIBLE_DEVICES: '2,5' });
  expect(launcher.description).toContain('2 workers');
  const { gpus, mostAtATime } = await launch(launcher, 4);
  expect(mostAtATime).toBe(2);
  expect(gpus).toHaveLength(4);
  expect(new Set(gpus)).toEqual(new Set(['2', '5']));
});

test('a trial is one fsx run with its own folder, its threads and its name', async () => {
  const { complaints } = await launch(await local({ workers: 1, threads: 2, gpus: [] }), 1);
  expect(complaints[0]).toMatch(
    /^9: run r\.yaml --base \/b --set output=\S+001 --set engine\.threads=2 --reporter json name=001$/,
  );
});

test('no further trial is started once the sweep is held', async () => {
  const { complaints } = await launch(await local({ workers: 1, gpus: [] }), 4, { holdAfter: 2 });
  expect(complaints).toHaveLength(2);
});
