/**
 * `npm run verify`: sets the checkout up, then runs every check and every test, and stops at the first that fails.
 * Uses nothing but Node.js until the packages are there. The last line counts the tests.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setUpCheckout } from './set-up.js';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Scripts of package.json; each can be run by itself. */
const CHECKS = [
  ['Types', 'check:types'],
  ['Lint and formatting', 'check:style'],
  ['Direction of imports, cycles', 'check:imports'],
  ['Unused files, exports and dependencies', 'check:unused'],
  ['Generated files', 'check:generated'],
];

async function verify() {
  await step('Set-up: packages, build, native TensorFlow', () => setUpCheckout(root));
  for (const [title, script] of CHECKS) await step(title, () => runScript(script));
  await step('Tests', runTests);
}

/** Prints a header, does the work, prints the time it took. */
async function step(title, work) {
  const startMs = performance.now();
  console.log(`\n=== ${title}`);
  await work();
  console.log(`--- ${title}: passed in ${((performance.now() - startMs) / 1000).toFixed(0)} s`);
}

async function runTests() {
  const folder = mkdtempSync(join(tmpdir(), 'fsx-verify-'));
  const results = join(folder, 'results.json');
  try {
    await runScript('test', ['--reporter=default', '--reporter=json', `--outputFile.json=${results}`], () =>
      countTests(results),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A file that cannot even be loaded counts as a failed test. */
function countTests(path) {
  const results = JSON.parse(readFileSync(path, 'utf8'));
  const broken = results.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  );
  const failed = results.numFailedTests + broken.length;
  const skipped = results.numPendingTests + results.numTodoTests;
  totals = `${results.numPassedTests} passed, ${failed} failed, ${skipped} skipped`;
}

let totals = '';

/** Runs a script of package.json; `always` runs after it, also when it failed. */
async function runScript(name, args = [], always = () => {}) {
  const npm = process.env.npm_execpath;
  const [program, ...first] = npm === undefined ? ['npm'] : [process.execPath, npm];
  const command = [...first, 'run', '--silent', name, ...(args.length > 0 ? ['--', ...args] : [])];
  const child = spawn(program, command, { cwd: root, stdio: 'inherit' });
  const code = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => resolve(signal === null ? status : 1));
  });
  always();
  if (code !== 0) throw new CheckFailure(name);
}

class CheckFailure extends Error {
  constructor(script) {
    super(`this check failed; alone: npm run ${script}`);
  }
}

const startMs = performance.now();
try {
  console.log(
    `Node.js ${process.versions.node}, ${process.platform} ${process.arch}, ${availableParallelism()} cores`,
  );
  await verify();
  console.log(`\nEverything passed in ${((performance.now() - startMs) / 60_000).toFixed(1)} minutes`);
} catch (error) {
  const foreseen = error instanceof CheckFailure || error.isSetUpFailure;
  console.error(`\nError: ${foreseen ? error.message : error.stack}`);
  process.exitCode = 1;
}
if (totals !== '') console.log(totals);
