import { mkdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { createRegistry } from '../../../src/composition.ts';
import type { Launcher, TrialEnd, TrialTask } from '../../../src/core/launching/launcher.ts';
import type { PluginRegistry } from '../../../src/core/plugins/registry.ts';
import { redact } from '../../../src/core/secrets.ts';
import { RecipeFolder } from '../../core/recipe/fixture.ts';
import { type JobState, ScriptedRay } from '../../support/scripted-ray.ts';

const INTERRUPTED: TrialEnd = { code: 130, killedBy: null, complaint: '' };
const DONE: TrialEnd = { code: 0, killedBy: null, complaint: '' };

let registry: PluginRegistry;
beforeAll(async () => {
  registry = await createRegistry();
});

async function launcher(options: object, environment = {}): Promise<Launcher> {
  const quick = { type: 'ray', pollSeconds: 0.02, outageSeconds: 20 };
  return registry.create('launcher', { ...quick, ...options }, { environment });
}

interface LaunchOptions {
  /** Of the trials, in their order; null for one that is new. */
  readonly handles?: readonly (string | null)[];
  readonly stop?: AbortSignal;
  readonly hold?: AbortSignal;
  /** Before anything is launched. */
  readonly onFolder?: (id: string, folder: string) => void;
  readonly onStart?: (id: string, handle: string) => void;
  readonly onEnd?: (id: string) => void;
}

interface Launched {
  /** By the trial's id. */
  readonly ends: Record<string, TrialEnd>;
  /** Scripts of the trials, by id. */
  readonly scripts: Record<string, string>;
  readonly mostAtATime: number;
}

const NEVER = new AbortController().signal;

async function launch(launcher: Launcher, count: number, options: LaunchOptions = {}): Promise<Launched> {
  const { handles = [], stop = NEVER, hold = NEVER } = options;
  const { onFolder = () => {}, onStart = () => {}, onEnd = () => {} } = options;
  await using folder = await RecipeFolder.create({});
  const tasks = Array.from({ length: count }, (_, index): TrialTask => {
    const id = `00${index + 1}`;
    mkdirSync(folder.file(id));
    onFolder(id, folder.file(id));
    return {
      ...{ id, folder: folder.file(id), recipeFile: 'r.yaml', baseDirectory: '/b' },
      ...{ environment: { FSX_RUN_NAME: id }, handle: handles[index] ?? null },
    };
  });
  const ends: Record<string, TrialEnd> = {};
  const scripts: Record<string, string> = {};
  const running = new Set<string>();
  let mostAtATime = 0;
  await launcher.launch({
    ...{ name: 'sweep', folder: folder.path, tasks, command: ['node', 'fsx'], stop, hold },
    started: async ({ id, folder: own }, handle) => {
      running.add(id);
      mostAtATime = Math.max(mostAtATime, running.size);
      scripts[id] = readFileSync(`${own}/trial.sh`, 'utf8');
      onStart(id, handle);
    },
    ended: async ({ id }, end) => {
      expect(ends[id], `${id} ends once`).toBe(undefined);
      running.delete(id);
      ends[id] = end;
      onEnd(id);
    },
    event: () => {},
  });
  return { ends, scripts, mostAtATime };
}

/** Launches trials whose jobs become what is written down for each. */
async function launchScripted(scripts: JobState[][][], options: object = {}) {
  const byId = Object.fromEntries(scripts.map((states, index) => [`00${index + 1}`, states]));
  const ray = await ScriptedRay.start(byId);
  const { ends } = await launch(await launcher({ address: ray.uri, ...options }), scripts.length);
  return { ray, ends };
}

describe('a trial on a Ray cluster', () => {
  test('is a job that asks for what the options say and has time to save', async () => {
    const ray = await ScriptedRay.start();
    const resources = { cpus: 4, gpus: 0.5, memoryGb: 2, resources: { fast: 1 } };
    const more = { environment: { LANG: 'C' }, setUp: ['module load cuda'], stopSeconds: 60 };
    const ray1 = await launcher({ address: ray.uri, ...resources, ...more });
    const { ends, scripts } = await launch(ray1, 1);
    expect(ends).toEqual({ '001': DONE });
    expect(ray.submissions).toEqual([
      {
        submission_id: expect.stringMatching(/^fsx-sweep-001-[0-9a-f]{8}$/),
        entrypoint: expect.stringMatching(/^exec bash \/.*\/001\/trial\.sh$/),
        runtime_env: { env_vars: { LANG: 'C', RAY_JOB_STOP_WAIT_TIME_S: '60' } },
        metadata: { sweep: 'sweep', trial: '001' },
        ...{ entrypoint_num_cpus: 4, entrypoint_num_gpus: 0.5, entrypoint_memory: 2e9 },
        entrypoint_resources: { fast: 1 },
      },
    ]);
    expect(scripts['001']).toContain('module load cuda');
    expect(scripts['001']).toContain('engine.threads=4');
  });

  test('waits for others only where a limit is asked for', async () => {
    const ray = await ScriptedRay.start();
    expect((await launch(await launcher({ address: ray.uri }), 5)).mostAtATime).toBe(5);
    const limited = await launcher({ address: ray.uri, concurrent: 2 });
    expect(limited.description).toContain('at most 2 at a time');
    expect((await launch(limited, 5)).mostAtATime).toBe(2);
  });

  test('is not started twice when the answer to its submission is lost', async () => {
    const ray = await ScriptedRay.start();
    ray.faults.push({ status: 200, body: '[]', headers: { 'content-type': 'application/json' } });
    ray.faults.push({ hangUp: 'after' });
    const { ends } = await launch(await launcher({ address: ray.uri }), 1);
    expect(ends).toEqual({ '001': DONE });
    expect(ray.submissions).toHaveLength(1);
    expect(ray.requests.filter(({ method }) => method === 'POST')).toHaveLength(2);
  });

  test('goes on in another job when its node has died, Ray has forgotten it or it was killed', async () => {
    const ran: JobState[] = ['RUNNING'];
    const { ray, ends } = await launchScripted([
      [[...ran, 'NODE_DIED'], [...ran, 'GONE'], [...ran, 'SIGKILL'], ['SUCCEEDED']],
      [['SUCCEEDED']],
    ]);
    expect(ends).toEqual({ '001': DONE, '002': DONE });
    const ids = ray.submissions.map(({ submission_id: id }) => id);
    expect(ids).toHaveLength(5);
    expect(new Set(ids).size).toBe(5);
  });

  test('that dies again and again is given up, with the reason', async () => {
    const { ray, ends } = await launchScripted([[['NODE_DIED'], ['NODE_DIED'], ['NODE_DIED']]], {
      resubmit: 1,
    });
    expect(ends['001']).toMatchObject({ code: null, killedBy: 'JOB_SUPERVISOR_ACTOR_DIED' });
    expect(ray.submissions).toHaveLength(2);
  });

  test('that fails, or cannot start as it is asked for, is not tried again and says why', async () => {
    const { ray, ends } = await launchScripted([[['RUNNING', 'EXIT_7']], [['BAD_RESOURCES']]]);
    expect(ends).toEqual({
      '001': { code: 7, killedBy: null, complaint: 'no such image' },
      '002': { code: null, killedBy: null, complaint: expect.stringContaining("instead of 'CPU'") },
    });
    expect(ray.submissions).toHaveLength(2);
  });

  test('that Ray lets wait no longer waits on where others have run, and is given up where none could', async () => {
    const patient = Array<JobState[]>(5).fill(['PENDING', 'WAITED_TOO_LONG']);
    const { ends } = await launchScripted([[['RUNNING', 'SUCCEEDED']], [...patient, ['SUCCEEDED']]]);
    expect(ends).toEqual({ '001': DONE, '002': DONE });
    const alone = await launchScripted([[...patient]], { resubmit: 1 });
    expect(alone.ends['001']).toMatchObject({ killedBy: 'JOB_SUPERVISOR_ACTOR_START_TIMEOUT' });
    expect(alone.ray.submissions).toHaveLength(2);
  });
});

describe('a sweep on a Ray cluster', () => {
  test('that was killed waits for its jobs, and submits those that never arrived', async () => {
    const ray = await ScriptedRay.start();
    const onFolder = (id: string, folder: string) =>
      id === '001' && ray.add('fsx-sweep-001-aaaaaaaa', folder, ['RUNNING', 'RUNNING', 'SUCCEEDED']);
    const handles = ['fsx-sweep-001-aaaaaaaa', 'fsx-sweep-002-bbbbbbbb', null];
    const { ends } = await launch(await launcher({ address: ray.uri }), 3, { handles, onFolder });
    expect(ends).toEqual({ '001': DONE, '002': DONE, '003': DONE });
    expect(ray.submissions.map(({ metadata }) => metadata.trial)).toEqual(['002', '003']);
  });

  test('that is stopped stops what runs, leaves what waits to Ray and starts no other', async () => {
    const ray = await ScriptedRay.start({ '001': [['RUNNING']], '002': [['PENDING']] });
    const stop = new AbortController();
    const onStart = (id: string) => id === '002' && setTimeout(() => stop.abort(), 100);
    const limited = await launcher({ address: ray.uri, concurrent: 2 });
    const { ends } = await launch(limited, 3, { stop: stop.signal, onStart });
    expect(ends).toEqual({ '001': INTERRUPTED, '002': INTERRUPTED });
    expect(ray.stops).toEqual(ray.submissions.map(({ submission_id: id }) => id));
    expect(ray.submissions).toHaveLength(2);
  });

  test('whose process is gone is stopped too', async () => {
    const ray = await ScriptedRay.start();
    ray.add('fsx-sweep-001-aaaaaaaa', '/nowhere', ['RUNNING']);
    const handles = ['fsx-sweep-001-aaaaaaaa', 'fsx-sweep-002-bbbbbbbb'];
    const stop = AbortSignal.abort();
    const { ends } = await launch(await launcher({ address: ray.uri }), 2, { handles, stop, hold: stop });
    expect(ends).toEqual({ '001': INTERRUPTED, '002': INTERRUPTED });
    expect(ray.stops).toEqual(['fsx-sweep-001-aaaaaaaa']);
    expect(ray.submissions).toEqual([]);
  });

  test('that is held lets what runs go on, and starts nothing that waits', async () => {
    const running = Array<JobState>(8).fill('RUNNING');
    const ray = await ScriptedRay.start({
      '001': [['RUNNING', 'EXIT_7']],
      '002': [[...running, 'SUCCEEDED']],
      '003': [['PENDING']],
    });
    const hold = new AbortController();
    const onEnd = (id: string) => id === '001' && hold.abort();
    const limited = await launcher({ address: ray.uri, concurrent: 3 });
    const { ends } = await launch(limited, 4, { hold: hold.signal, onEnd });
    expect(ends).toMatchObject({ '001': { code: 7 }, '002': DONE, '003': INTERRUPTED });
    expect(Object.keys(ends)).toHaveLength(3);
    expect(ray.stops).toEqual([ray.submissions[2]!.submission_id]);
  });
});

describe('a dashboard', () => {
  const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' };
  const PAGE = { headers: { 'content-type': 'text/html' }, body: '<!doctype html><title>Sign in</title>' };
  const proxyError = { status: 502, ...PAGE };

  test('that is started again in the middle is waited for', async () => {
    const ray = await ScriptedRay.start();
    const cutOff = { headers: JSON_TYPE, body: '[{"submission_id": "fsx-swe' };
    const traceback = 'Traceback (most recent call last):\nray.exceptions.RpcError: Timed out\n';
    const onStart = () =>
      ray.faults.push({ hangUp: 'before' }, proxyError, cutOff, { status: 500, body: traceback });
    const { ends } = await launch(await launcher({ address: ray.uri }), 1, { onStart });
    expect(ends).toEqual({ '001': DONE });
    expect(ray.submissions).toHaveLength(1);
  });

  test('that does not come back ends the sweep with what to do, and no trial is counted as ended', async () => {
    const ray = await ScriptedRay.start();
    const onStart = () => ray.faults.push(...Array(1_000).fill(proxyError));
    const impatient = await launcher({ address: ray.uri, outageSeconds: 1 });
    const onEnd = () => expect.unreachable();
    await expect(launch(impatient, 1, { onStart, onEnd })).rejects.toMatchObject({
      code: 'FSX_RAY_UNREACHABLE',
      exitCode: 7,
      message: `Ray, POST ${ray.uri}/api/jobs/: HTTP 502 Bad Gateway`,
      suggestion: expect.stringContaining('fsx sweep resume'),
    });
  });

  test('that is not there is told at once', async () => {
    const nowhere = await launcher({ address: 'http://127.0.0.1:9', outageSeconds: 1_000 });
    const startMs = performance.now();
    await expect(launch(nowhere, 1)).rejects.toMatchObject({
      code: 'FSX_RAY_UNREACHABLE',
      message: expect.stringContaining('ECONNREFUSED'),
    });
    expect(performance.now() - startMs).toBeLessThan(20_000);
  });

  test.each([
    ['a sign-in page', PAGE, 'the answer is not JSON', /sign-in/],
    ['a way to one', { status: 302, headers: { location: '/login' } }, 'HTTP 302', /sign-in/],
    ['no token', { status: 401, body: 'Unauthorized: Missing authentication token' }, 'HTTP 401', /TOKEN/],
    ['a wrong token', { status: 403, body: 'Forbidden: Invalid authentication token' }, 'HTTP 403', /TOKEN/],
    ['another program', { headers: JSON_TYPE, body: '{}' }, 'no list of jobs', /address/],
  ])('that answers with %s is not asked again', async (_, fault, message, suggestion) => {
    const ray = await ScriptedRay.start();
    ray.faults.push(fault);
    await expect(launch(await launcher({ address: ray.uri }), 1)).rejects.toMatchObject({
      code: 'FSX_RAY_REFUSED',
      message: expect.stringContaining(message),
      suggestion: expect.stringMatching(suggestion),
    });
    expect(ray.requests).toHaveLength(1);
  });

  test('that refuses what is asked for is not asked again', async () => {
    const ray = await ScriptedRay.start();
    const refusal =
      'Traceback (most recent call last):\n  File "/ray/job_head.py", line 134\nRuntimeError: Request failed with status code 400: Traceback (most recent call last):\nTypeError: entrypoint must be a string\n.\n';
    const onStart = () => ray.faults.push({ status: 500, body: refusal });
    await expect(launch(await launcher({ address: ray.uri }), 1, { onStart })).rejects.toMatchObject({
      code: 'FSX_RAY_REFUSED',
      message: expect.stringContaining('HTTP 400 TypeError: entrypoint must be a string'),
    });
  });
});

describe('the address and the credentials', () => {
  test('are found where Ray itself looks for them', async () => {
    const ray = await ScriptedRay.start();
    const environment = { RAY_ADDRESS: ray.uri, RAY_AUTH_TOKEN: 'token-of-the-shell' };
    const found = await launcher({ headers: { 'X-Team': 'xray' } }, environment);
    expect(found.description).toContain(ray.uri);
    await launch(found, 1);
    for (const { headers } of ray.requests)
      expect(headers).toMatchObject({ authorization: 'Bearer token-of-the-shell', 'x-team': 'xray' });
    expect(redact('token-of-the-shell')).toBe('***');
    const api = { RAY_API_SERVER_ADDRESS: 'https://ray.test/', RAY_ADDRESS: ray.uri };
    expect((await launcher({}, api)).description).toContain('https://ray.test,');
    expect((await launcher({})).description).toContain('http://127.0.0.1:8265,');
  });

  test('of the options come first, as references to secrets', async () => {
    vi.stubEnv('RAY_TEST_TOKEN', 'token-of-the-file');
    const ray = await ScriptedRay.start();
    const options = { address: ray.uri.replace('//', '//me:pass@'), token: `\${secret:RAY_TEST_TOKEN}` };
    const chosen = await launcher(options, { RAY_AUTH_TOKEN: 'other' });
    expect(chosen.description).not.toContain('pass');
    await launch(chosen, 1);
    expect(ray.requests[0]!.headers.authorization).toBe('Bearer token-of-the-file');
    vi.unstubAllEnvs();
  });

  test.each(['auto', '10.0.0.1:6379', 'ray://10.0.0.1:10001'])(
    '%s is not taken for a dashboard',
    async (address) => {
      await expect(launcher({}, { RAY_ADDRESS: address })).rejects.toMatchObject({
        code: 'FSX_RAY_ADDRESS',
        suggestion: expect.stringContaining('8265'),
      });
    },
  );
});
