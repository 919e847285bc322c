/**
 * Brings a checkout to where `bin/run.js` works: packages installed, sources compiled, native TensorFlow tried once.
 * Uses nothing but Node.js, since no package may be there yet, and answers at once when there is nothing to do.
 * All it prints goes to stderr.
 */
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** What the build reads: a change in any of them makes it stale. */
const BUILD_INPUTS = ['src', 'simd', 'package.json', 'tsconfig.json', 'tsconfig.build.json', 'scripts'];

const PROGRESS_INTERVAL_MS = process.stderr.isTTY ? 1_000 : 15_000;
const LOCK_POLL_MS = 300;

/** @param {string} root the checkout's root folder */
export async function setUpCheckout(root) {
  if (isReady(root)) return;
  mkdirSync(stateFolder(root), { recursive: true });
  const release = await lock(join(stateFolder(root), 'set-up.lock'));
  try {
    if (needsInstall(root)) await installPackages(root);
    if (needsBuild(root)) await build(root);
    if (needsNativeAttempt(root)) await tryNativeEngine(root);
  } finally {
    release();
  }
}

/** @param {string} root */
export function isReady(root) {
  return !needsInstall(root) && !needsBuild(root) && !needsNativeAttempt(root);
}

/** npm writes node_modules/.package-lock.json last, so an interrupted installation has none. */
export function needsInstall(root) {
  return isOlder(join(root, 'node_modules', '.package-lock.json'), join(root, 'package-lock.json'));
}

export function needsBuild(root) {
  const stamp = builtStamp(root);
  if (!existsSync(join(root, 'dist')) || !existsSync(join(root, 'oclif.manifest.json'))) return true;
  return BUILD_INPUTS.some((input) => isOlder(stamp, join(root, input)));
}

/** One attempt a checkout, whether it succeeds or not: `fsx engine install` makes further ones. */
export function needsNativeAttempt(root) {
  return !existsSync(nativeAttemptStamp(root));
}

const stateFolder = (root) => join(root, '.fsx');
const builtStamp = (root) => join(stateFolder(root), 'built');
const nativeAttemptStamp = (root) => join(stateFolder(root), 'native-attempted');

async function installPackages(root) {
  const args = ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'];
  await runStep('installing packages', 'npm', args, root);
}

/** The stamp takes the time at which the build starts: a source saved while it runs makes it stale again. */
async function build(root) {
  const started = `${builtStamp(root)}.started`;
  writeFileSync(started, '');
  await runStep('compiling fsx', 'npm', ['run', 'build', '--silent'], root);
  renameSync(started, builtStamp(root));
}

async function tryNativeEngine(root) {
  const run = join(root, 'bin', 'run.js');
  const exit = await runVisibly(process.execPath, [run, 'engine', 'install'], root);
  if (exit.signal) throw new SetUpFailure(`set-up was interrupted (${exit.signal})`);
  writeFileSync(nativeAttemptStamp(root), '');
  if (exit.code !== 0) say('going on with the wasm engine, which needs no installation');
}

/** Runs a command quietly: a line that says what happens and for how long; its output only if it fails. */
async function runStep(name, command, args, root) {
  const startMs = Date.now();
  const seconds = () => `${Math.round((Date.now() - startMs) / 1000)} s`;
  say(`${name} …`);
  const timer = setInterval(() => say(`${name} … ${seconds()}`, true), PROGRESS_INTERVAL_MS);
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
    });
  }
  const exit = await ended(child);
  clearInterval(timer);
  if (exit.code === 0) return say(`${name}: done in ${seconds()}`, true);
  const tail = output.trim().split('\n').slice(-20).join('\n');
  throw new SetUpFailure(`${name} failed (${command} ${args.join(' ')})\n${exit.error?.message ?? tail}`);
}

function runVisibly(command, args, root) {
  return ended(spawn(command, args, { cwd: root, stdio: ['ignore', 2, 2] }));
}

function ended(child) {
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ code: null, signal: null, error }));
    child.on('close', (code, signal) => resolve({ code, signal }));
  });
}

/** @param {boolean} update on a terminal, replaces the line before */
function say(text, update = false) {
  process.stderr.write(`${update && process.stderr.isTTY ? '\u001b[1A\u001b[2K' : ''}fsx set-up: ${text}\n`);
}

class SetUpFailure extends Error {
  isSetUpFailure = true;
}

/** Waits until no other living process sets this checkout up. Returns the function that lets the next one in. */
async function lock(path) {
  for (let waited = false; ; waited = true) {
    try {
      writeFileSync(path, String(process.pid), { flag: 'wx' });
      return () => rmSync(path, { force: true });
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (!waited) say('waiting for another fsx that sets this checkout up …');
    if (holderIsGone(path)) rmSync(path, { force: true });
    else await delay(LOCK_POLL_MS);
  }
}

function holderIsGone(path) {
  try {
    const pid = Number(readFileSync(path, 'utf8'));
    if (pid > 0) process.kill(pid, 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

/** Whether `stamp` is missing, or older than a file or anything in a folder. A deletion changes its folder's time. */
function isOlder(stamp, input) {
  const stampMs = modifiedMs(stamp);
  return stampMs === undefined || newestMs(input) > stampMs;
}

function newestMs(path) {
  let newest = modifiedMs(path) ?? 0;
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return newest;
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const child = join(path, entry.name);
    newest = Math.max(newest, entry.isDirectory() ? newestMs(child) : (modifiedMs(child) ?? 0));
  }
  return newest;
}

function modifiedMs(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs;
}
