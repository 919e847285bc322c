import { cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventsOf, fsx, fsxRun, ROOT, TINY, temporaryFolder } from './cli.ts';

const TFJS_NODE = '@tensorflow/tfjs-node-gpu';
const folder = temporaryFolder();
const env = { FSX_CACHE: join(folder.path, 'cache'), PATH: join(folder.path, 'no-tools'), CXX: '' };
const installation = { root: join(folder.path, 'fsx'), env };

afterAll(() => folder[Symbol.dispose]());

/** This checkout's build, with all of its packages but any binding that stands inside tfjs-node's. */
beforeAll(() => {
  const { root } = installation;
  for (const part of ['bin', 'dist', 'native', 'package.json', 'oclif.manifest.json'])
    cpSync(join(ROOT, part), join(root, part), { recursive: true });
  linkEntries(join(ROOT, 'node_modules'), join(root, 'node_modules'), '@tensorflow');
  const scope = 'node_modules/@tensorflow';
  linkEntries(join(ROOT, scope), join(root, scope), 'tfjs-node-gpu');
  const file = join('node_modules', TFJS_NODE, 'package.json');
  cpSync(join(ROOT, file), join(root, file));
});

function linkEntries(from: string, to: string, except: string): void {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from).filter((entry) => entry !== except)) {
    symlinkSync(join(from, name), join(to, name));
  }
}

test('without pip, fsx engine install says what is missing in its exit code and one error', async () => {
  const outcome = await fsx(['engine', 'install'], installation);
  expect(outcome.code).toBe(5);
  expect(outcome.stderr).toContain('no Python with pip found');
});

test('a run then goes on with wasm, and its header says why in one line', async () => {
  const outcome = await fsxRun(TINY, join(folder.path, 'runs'), [], installation);
  expect(outcome).toMatchObject({ code: 0, stderr: '' });
  const { engine, engineReason } = eventsOf(outcome.events, 'start')[0]!.header;
  expect(engine).toMatch(/^wasm: /);
  expect(engineReason).toContain('no Python with pip found');
  expect(engineReason).toContain('fsx engine install');
  expect(engineReason).not.toContain('\n');
});

test('an engine that was asked for by name is not replaced by another', async () => {
  const outcome = await fsxRun(TINY, join(folder.path, 'native'), ['--engine', 'native'], installation);
  expect(outcome.code).toBe(5);
  expect(outcome.stderr).toContain('Code: FSX_ENGINE_NATIVE_MISSING');
});
