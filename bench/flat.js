/**
 * Whether a long run grows: a tiny model trained for thousands of steps, checkpoints, validation and journal included, on
 * each engine in a process of its own. Prints resident memory, tensors and open files at every tenth of the run, and
 * fails when tensors or files differ between the first tenth and the last. Measures what `npm run build` has compiled:
 * `npm run bench:flat [-- STEPS [ENGINE …]]`.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const RECIPE = fileURLToPath(new URL('../test/recipes/tiny.yaml', import.meta.url));
const [stepsText = '5000', ...engines] = process.argv.slice(2);
const steps = Number(stepsText);

if (process.env.FSX_BENCH_ENGINE !== undefined) await trainOn(process.env.FSX_BENCH_ENGINE);
else for (const engine of engines.length > 0 ? engines : ['native', 'wasm']) startProcess(engine);

function startProcess(engine) {
  const env = { ...process.env, FSX_BENCH_ENGINE: engine };
  execFileSync(process.execPath, ['--expose-gc', fileURLToPath(import.meta.url), stepsText], {
    env,
    stdio: 'inherit',
  });
}

async function trainOn(engine) {
  const { memory } = await import('@tensorflow/tfjs-core');
  const { createRegistry, REGISTRY_MODULE } = await import('../dist/composition.js');
  const { loadRecipe } = await import('../dist/core/recipe/load.js');
  const { startRun } = await import('../dist/core/experiment/run.js');
  const output = mkdtempSync(join(tmpdir(), 'fsx-flat-'));
  const every = Math.round(steps / 10);
  const overrides = [
    ...[`engine=${engine}`, `output=${output}`],
    ...['supervised', 'teacher-student'].map(
      (_, stage) => `stages.${stage}.steps=${stage === 0 ? 1 : steps}`,
    ),
    ...['logEvery', 'validateEvery', 'checkpointEvery'].map((name) => `training.${name}=${every}`),
  ];
  const loaded = await loadRecipe(RECIPE, {
    createRegistry: () => createRegistry(),
    environment: {},
    overrides,
  });
  const rows = [];
  const listener = (event) => {
    if (event.kind !== 'progress' || event.steps !== steps) return;
    globalThis.gc();
    const files = readdirSync('/proc/self/fd').length;
    const { rss, heapUsed } = process.memoryUsage();
    const row = {
      step: event.step,
      rssMb: rss / 1e6,
      heapMb: heapUsed / 1e6,
      tensors: memory().numTensors,
      files,
    };
    rows.push(row);
    console.log(
      `${engine} step ${row.step}: ${row.rssMb.toFixed(0)} MB resident, ${row.heapMb.toFixed(1)} MB of objects, ` +
        `${row.tensors} tensors, ${row.files} open files`,
    );
  };
  try {
    await startRun({
      ...{ loaded, recipeFile: RECIPE, overrides, registryModule: REGISTRY_MODULE.href, environment: {} },
      ...{ listener, interruption: { requested: false }, now: new Date() },
    });
  } finally {
    rmSync(output, { recursive: true });
  }
  const { user, system } = process.cpuUsage();
  console.log(`${engine}: ${((user + system) / 1e6).toFixed(0)} s of processor time`);
  const [first, last] = [rows[0], rows.at(-1)];
  if (first.tensors !== last.tensors || first.files !== last.files) {
    throw new Error(`${engine}: tensors or open files grew between step ${first.step} and step ${last.step}`);
  }
}
