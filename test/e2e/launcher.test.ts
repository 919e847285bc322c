import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
let root: string;

/** A checkout in small: the real launcher, an npm that notes its calls, and a CLI that prints its arguments. */
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'fsx check out '));
  for (const file of ['fsx', 'scripts/launch.cjs', 'scripts/set-up.js']) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    copyFileSync(join(ROOT, file), join(root, file));
  }
  for (const folder of ['src/core', 'bin', 'tools']) mkdirSync(join(root, folder), { recursive: true });
  for (const file of ['tsconfig.json', 'tsconfig.build.json', 'package-lock.json'])
    writeFileSync(join(root, file), '{}');
  writeFileSync(join(root, 'package.json'), '{"type":"module"}');
  writeFileSync(join(root, 'src/core/errors.ts'), '');
  writeFileSync(
    join(root, 'bin/run.js'),
    'console.log(JSON.stringify(process.argv.slice(2)));if(process.argv[2]==="engine")process.exit(5);',
  );
  writeFileSync(
    join(root, 'tools/npm'),
    `#!/bin/sh
echo "$1 $2" >> calls.txt
[ ! -f fail ] || { echo "registry unreachable" >&2; exit 1; }
case $1 in
  ci) sleep 0.2; mkdir -p node_modules; touch node_modules/.package-lock.json;;
  run) mkdir -p dist; touch oclif.manifest.json;;
esac
`,
  );
  chmodSync(join(root, 'tools/npm'), 0o755);
});

afterEach(() => rmSync(root, { recursive: true }));

function launch(args: string[] = [], launcher = join(root, 'fsx')) {
  const path = [join(root, 'tools'), dirname(process.execPath), process.env.PATH].join(delimiter);
  return spawnSync(launcher, args, { cwd: tmpdir(), encoding: 'utf8', env: { ...process.env, PATH: path } });
}

function launchInBackground(): Promise<number | null> {
  const path = [join(root, 'tools'), dirname(process.execPath), process.env.PATH].join(delimiter);
  const child = spawn(join(root, 'fsx'), { env: { ...process.env, PATH: path }, stdio: 'ignore' });
  return new Promise((resolve) => child.on('close', resolve));
}

function calls(): string[] {
  const path = join(root, 'calls.txt');
  return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [];
}

/** As an editor does it: after the last build. */
function touchLater(file: string): void {
  const later = new Date(Date.now() + 5_000);
  utimesSync(join(root, file), later, later);
}

test('the first use installs, builds, tries the native engine, and hands its arguments over', () => {
  const first = launch(['run', 'my recipe.yaml']);
  expect(first.status).toBe(0);
  expect(first.stdout).toBe('["run","my recipe.yaml"]\n');
  expect(first.stderr).toContain('installing packages');
  expect(first.stderr).toContain('going on with the wasm engine');
  expect(calls()).toEqual(['ci --include=dev', 'run build']);
});

test('the second use does nothing but start, also through a symbolic link', () => {
  launch();
  symlinkSync(join(root, 'fsx'), join(root, 'tools', 'linked fsx'));
  const second = launch(['--help'], join(root, 'tools', 'linked fsx'));
  expect(second).toMatchObject({ status: 0, stdout: '["--help"]\n', stderr: '' });
  expect(calls()).toHaveLength(2);
});

test('a changed source is compiled again, and nothing is installed again', () => {
  launch();
  touchLater('src/core/errors.ts');
  launch();
  expect(calls()).toEqual(['ci --include=dev', 'run build', 'run build']);
});

test('a changed lock file installs again', () => {
  launch();
  touchLater('package-lock.json');
  launch();
  expect(calls()).toContain('ci --include=dev');
  expect(calls().filter((call) => call.startsWith('ci'))).toHaveLength(2);
});

test('an installation that fails says why, and is tried again by the next use', () => {
  writeFileSync(join(root, 'fail'), '');
  const failing = launch();
  expect(failing.status).toBe(1);
  expect(failing.stderr).toContain('registry unreachable');
  rmSync(join(root, 'fail'));
  expect(launch().status).toBe(0);
});

test('a machine without Node.js is told which version it needs', () => {
  const outcome = spawnSync('/bin/sh', [join(root, 'fsx')], {
    encoding: 'utf8',
    env: { PATH: join(root, 'tools') },
  });
  expect(outcome.status).toBe(1);
  expect(outcome.stderr).toContain('fsx needs Node.js 20.19 or newer');
});

test('two first uses at once set the checkout up once, and both run', async () => {
  const both = await Promise.all([launchInBackground(), launchInBackground()]);
  expect(both).toEqual([0, 0]);
  expect(calls()).toEqual(['ci --include=dev', 'run build']);
});
