/**
 * What following a run with a real MLflow server costs its training: one run whose steps are taken in short blocks, in
 * turn with and without the uploader, each pair of blocks giving one ratio of the time of a step. By the clock, and by
 * the processor time of the process. Measures what `npm run build` has compiled:
 * `npm run bench:tracking [-- RECIPE [PAIRS [key=value …]]]`, the tiny recipe of the tests, 40 pairs.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRegistry, REGISTRY_MODULE } from '../dist/composition.js';
import { openEngine } from '../dist/core/engine/open.js';
import { prepareExperiment } from '../dist/core/experiment/experiment.js';
import { createRunDirectory } from '../dist/core/experiment/run-directory.js';
import { trainStages } from '../dist/core/experiment/train.js';
import { loadRecipe } from '../dist/core/recipe/load.js';
import { Journal } from '../dist/core/tracking/journal.js';
import { startLocalServer, stopLocalServer } from '../dist/core/tracking/mlflow/local/server.js';
import { parseServerAddress } from '../dist/core/tracking/mlflow/server-address.js';
import { MlflowUploader } from '../dist/core/tracking/mlflow/uploader.js';

const BLOCK_MS = 4_000;
/** After each change: what was being sent arrives, or what was not sent catches up. */
const PAUSE_MS = 2_000;
const ENDLESS = 10_000_000;

const [recipeFile = 'test/recipes/tiny.yaml', pairsText = '40', ...settings] = process.argv.slice(2);
const pairs = Number(pairsText);
const folder = mkdtempSync(join(tmpdir(), 'fsx-bench-tracking-'));

/** Trains the first stage until enough blocks are done. @returns `[with, without]` a pair, of step times in ms. */
async function measure(uri) {
  const overrides = [
    ...['stages.0.steps', 'training.validateEvery', 'training.checkpointEvery'].map(
      (name) => `${name}=${ENDLESS}`,
    ),
    ...settings,
  ];
  const environment = process.env;
  const loaded = await loadRecipe(recipeFile, {
    createRegistry: () => createRegistry(),
    overrides,
    environment,
  });
  const { recipe } = loaded;
  const engine = await openEngine(recipe.engine);
  const experiment = await prepareExperiment(loaded);
  const directory = await createRunDirectory(folder, recipe.name, new Date());
  const journal = new Journal(directory.path);
  const run = { name: recipe.name, experiment: recipe.name, recipeHash: loaded.hash, tags: {} };
  journal.append({ kind: 'run-start', run });
  const uploader = new MlflowUploader({
    ...{ runDirectory: directory.path, experiment: '', tags: {}, register: '' },
    address: parseServerAddress(uri, {}),
  });
  const interruption = { requested: false };
  const blocks = new Blocks(uploader, interruption);
  await trainStages({
    ...{ experiment, engine, directory, journal, interruption },
    recipeHash: loaded.hash,
    registryModule: REGISTRY_MODULE.href,
    pluginPaths: loaded.pluginFiles,
    baseDirectory: loaded.baseDirectory,
    listener: (event) => event.kind === 'progress' && blocks.at(event.step),
  });
  journal.close();
  const delivery = await uploader.flush(60_000);
  console.error(`${delivery.sent} items sent, ${delivery.unsent} unsent; ${delivery.message}`);
  console.log(
    `${recipeFile} ${settings.join(' ')}, ${engine.description}, logged every ${recipe.training.logEvery} steps`,
  );
  return blocks.pairs;
}

/** Pause, block with the uploader, pause, block without, and so on. */
class Blocks {
  pairs = [];
  #uploader;
  #interruption;
  #tracked = true;
  #measuring = false;
  #start = undefined;
  #withUploader = undefined;

  constructor(uploader, interruption) {
    this.#uploader = uploader;
    this.#interruption = interruption;
    uploader.follow();
  }

  at(step) {
    const now = { step, ms: performance.now(), cpu: process.cpuUsage() };
    this.#start ??= now;
    if (now.ms - this.#start.ms < (this.#measuring ? BLOCK_MS : PAUSE_MS)) return;
    if (this.#measuring) this.#endBlock(now);
    this.#measuring = !this.#measuring;
    this.#start = now;
  }

  #endBlock({ step, ms, cpu }) {
    const steps = step - this.#start.step;
    const cpuMs = (cpu.user + cpu.system - this.#start.cpu.user - this.#start.cpu.system) / 1_000;
    const times = { wall: (ms - this.#start.ms) / steps, cpu: cpuMs / steps };
    if (this.#tracked) {
      this.#withUploader = times;
      void this.#uploader.flush(1);
    } else {
      this.pairs.push({ tracked: this.#withUploader, alone: times });
      this.#interruption.requested = this.pairs.length === pairs;
      this.#uploader.follow();
    }
    this.#tracked = !this.#tracked;
  }
}

function report(measured) {
  for (const [clock, name] of [
    ['cpu', 'processor time'],
    ['wall', 'the clock'],
  ]) {
    const ratios = measured.map(({ tracked, alone }) => tracked[clock] / alone[clock]).sort((a, b) => a - b);
    const of = (which) => median(measured.map((pair) => pair[which][clock])).toFixed(2);
    const [low, high] = medianInterval(ratios);
    console.log(
      `  by ${name}: ${of('tracked')} ms a step with the uploader, ${of('alone')} ms without; ` +
        `median ratio of ${ratios.length} pairs ${median(ratios).toFixed(4)}, 95 % interval ${low.toFixed(4)} to ${high.toFixed(4)}`,
    );
  }
}

/** Of the median of sorted values: two of them, by the binomial distribution of how many lie below it. */
function medianInterval(sorted) {
  const n = sorted.length;
  let probability = 0.5 ** n;
  let below = probability;
  let rank = 0;
  while (below + (probability * (n - rank)) / (rank + 1) <= 0.025) {
    probability *= (n - rank) / (rank + 1);
    below += probability;
    rank += 1;
  }
  return [sorted[rank], sorted[n - 1 - rank]];
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.floor(middle)] + sorted[Math.ceil(middle) - 1]) / 2;
}

const store = join(folder, 'mlflow');
const onInstall = () => console.error('installing MLflow: once, a few minutes');
const { server } = await startLocalServer({ store, port: 5123, onInstall });
try {
  report(await measure(server.uri));
} finally {
  await stopLocalServer(store);
  rmSync(folder, { recursive: true, force: true });
}
