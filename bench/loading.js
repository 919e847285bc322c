/**
 * What many images cost: a folder of 8-bit PNG, 512 x 512, most of them unlabeled, trained on for some steps; first without
 * anything in fsx's cache, then again. Prints when all images were read, when the first step was done, how long steps
 * waited for batches, and the resident memory over time. Measures what `npm run build` has compiled:
 * `npm run bench:loading [-- IMAGES [STEPS]]`; the images are kept in the system's temporary folder for another time.
 */
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { cacheDirectory } from '../dist/core/cache-directory.js';

const CLI = fileURLToPath(new URL('../bin/run.js', import.meta.url));
const BASE = fileURLToPath(new URL('../recipes/base/few-shot-dag.yaml', import.meta.url));
const SIDE = 512;
const LABELED = 40;
const SAMPLED_MS = 500;
const [countText = '10000', stepsText = '20'] = process.argv.slice(2);
const count = Number(countText);

const folder = join(tmpdir(), `fsx-bench-loading-${count}`);
if (!existsSync(join(folder, 'landmarks.csv'))) await writeImages();
const scratch = mkdtempSync(join(tmpdir(), 'fsx-bench-loading-run-'));
try {
  const cache = join(scratch, 'cache');
  mkdirSync(cache);
  symlinkSync(join(cacheDirectory(), 'native'), join(cache, 'native'));
  for (const name of ['cold', 'warm']) report(name, await train(cache));
} finally {
  rmSync(scratch, { recursive: true });
}

async function writeImages() {
  mkdirSync(join(folder, 'images'), { recursive: true });
  const rows = ['image,landmark,x,y'];
  for (let index = 0; index < count; index++) {
    const name = `${String(index).padStart(6, '0')}.png`;
    const grey = { width: SIDE, height: SIDE, channels: 1 };
    await sharp(shading(index), { raw: grey })
      .png({ compressionLevel: 1 })
      .toFile(join(folder, 'images', name));
    if (index < LABELED)
      for (const [k, [x, y]] of [
        [150, 160],
        [340, 170],
        [250, 350],
      ].entries())
        rows.push(`${name},p${k},${x},${y}`);
  }
  writeFileSync(join(folder, 'landmarks.csv'), `${rows.join('\n')}\n`);
}

/** Smooth shading with noise, different in every image. */
function shading(index) {
  const across = Float32Array.from(
    { length: SIDE },
    (_, x) => 110 + 60 * Math.sin(index + x * (0.01 + (index % 37) / 1000)),
  );
  const down = Float32Array.from(
    { length: SIDE },
    (_, y) => 50 * Math.cos(index * 0.7 + y * (0.008 + (index % 53) / 1500)),
  );
  let state = index + 1;
  return Uint8Array.from({ length: SIDE * SIDE }, (_, pixel) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return across[pixel % SIDE] + down[Math.floor(pixel / SIDE)] + (state >>> 28);
  });
}

function writeRecipe() {
  const recipe = join(scratch, 'many.yaml');
  writeFileSync(
    recipe,
    JSON.stringify({
      name: 'many',
      extends: BASE,
      data: {
        dataset: { type: 'landmark-csv', root: folder },
        split: { labeled: 5, unlabeled: 'rest', validation: 0, test: 16 },
        image: { size: [SIDE, SIDE] },
      },
      training: { labeledBatch: 2, unlabeledBatch: 2, logEvery: 1, checkpointEvery: 1000 },
      stages: [{ name: 'many', ssl: { type: 'mean-teacher' }, steps: Number(stepsText) }],
      evaluation: { matching: false, overlays: 0, bootstrapSamples: 10 },
      output: join(scratch, 'runs'),
    }),
  );
  return recipe;
}

async function train(cache) {
  const start = performance.now();
  const seconds = () => (performance.now() - start) / 1000;
  const child = spawn(process.execPath, [CLI, 'run', writeRecipe(), '--reporter', 'json'], {
    env: { ...process.env, FSX_CACHE: cache },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const memory = [];
  const timer = setInterval(() => memory.push({ seconds: seconds(), mb: residentMb(child.pid) }), SAMPLED_MS);
  const seen = { memory };
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line);
    if (event.kind === 'start') Object.assign(seen, { read: seconds(), run: event.header.runDirectory });
    if (event.kind === 'progress') seen.firstStep ??= seconds();
    if (event.kind === 'progress') seen.lastStep = seconds();
    if (event.kind === 'result') seen.cpuSeconds = event.cpuSeconds;
  }
  clearInterval(timer);
  return { ...seen, waitShares: waitShares(seen.run) };
}

function residentMb(pid) {
  const found = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return found === null ? 0 : Number(found[1]) / 1000;
}

/** Of every step but the first, which waits for the first batch. */
function waitShares(run) {
  const records = readFileSync(join(run, 'journal.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  return records.flatMap(({ item }) => item?.metrics?.['train/loader_wait_share'] ?? []).slice(1);
}

function report(name, { memory, read, firstStep, lastStep, cpuSeconds, waitShares }) {
  const wait = waitShares.reduce((sum, share) => sum + share, 0) / waitShares.length;
  const at = (second) => (memory.find(({ seconds }) => seconds >= second) ?? memory.at(-1)).mb.toFixed(0);
  const peak = Math.max(...memory.map(({ mb }) => mb)).toFixed(0);
  console.log(
    `${name}: ${count} images read after ${read.toFixed(1)} s, first step after ${firstStep.toFixed(1)} s, ` +
      `${stepsText} steps after ${lastStep.toFixed(1)} s, ${cpuSeconds.toFixed(0)} s of processor time; ` +
      `steps waited ${(100 * wait).toFixed(1)} % of their time for batches`,
  );
  const quarters = [0.25, 0.5, 0.75, 1].map((part) => at(part * read));
  console.log(
    `${name}: resident MB while reading (quarters) ${quarters.join(', ')}; while training ${at(firstStep)} to ` +
      `${at(lastStep)}; at most ${peak}`,
  );
}
