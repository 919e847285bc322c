/**
 * How fast fsx is, beside PyTorch and ONNX Runtime on the same machine: writes `docs/performance.md` and
 * `docs/benchmarks/performance.json`, in which the parts that were not measured stay as they are.
 *
 * `npm run bench [-- PART … --all --quick --rounds N --threads N --peers eager,compile]`; every part when none is named.
 * `--quick` tries everything on tiny cases and writes to `.fsx/bench`. Peers: see `harness/entrants.ts`.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { circumstances } from './harness/machine.ts';
import { type PartResult, pageOf, tableText } from './harness/page.ts';
import type { BenchOptions, Part } from './harness/part.ts';
import { floor } from './parts/floor.ts';
import { inference } from './parts/inference.ts';
import { loading } from './parts/loading.ts';
import { memory } from './parts/memory.ts';
import { scaling } from './parts/scaling.ts';
import { start } from './parts/start.ts';
import { step } from './parts/step.ts';

/** In the order of the page. */
const PARTS: Readonly<Record<string, Part>> = { step, floor, inference, memory, start, scaling, loading };
const DOCS = { page: 'docs/performance.md', numbers: 'docs/benchmarks/performance.json' };
const TRIAL = { page: '.fsx/bench/performance.md', numbers: '.fsx/bench/performance.json' };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    all: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    threads: { type: 'string' },
    peers: { type: 'string' },
  },
});
const unknown = positionals.filter((name) => !(name in PARTS));
if (unknown.length > 0)
  throw new Error(`no part is called ${unknown.join(', ')}: ${Object.keys(PARTS).join(', ')}`);

const scratch = mkdtempSync(join(tmpdir(), 'fsx-bench-'));
const options: BenchOptions = {
  ...{ all: values.all, quick: values.quick, scratch },
  threads: Number(values.threads ?? availableParallelism()),
  rounds: Number(values.rounds ?? (values.quick ? 2 : 10)),
  ...(values.peers === undefined ? {} : { peers: values.peers.split(',') }),
};
const output = options.quick ? TRIAL : DOCS;
const results = readResults();
try {
  for (const name of positionals.length > 0 ? positionals : Object.keys(PARTS)) {
    const { title, measure } = PARTS[name]!;
    console.error(`\n${title}`);
    const before = await circumstances();
    results[name] = { title, circumstances: before, ...(await measure(options)) };
    for (const table of results[name].tables) console.log(`\n${tableText(table)}`);
    writeResults();
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

function readResults(): Record<string, PartResult> {
  if (!existsSync(output.numbers)) return {};
  return JSON.parse(readFileSync(output.numbers, 'utf8')) as Record<string, PartResult>;
}

function writeResults(): void {
  mkdirSync(dirname(output.numbers), { recursive: true });
  writeFileSync(output.numbers, `${JSON.stringify(results, null, 1)}\n`);
  const inOrder = Object.keys(PARTS).flatMap((name) => results[name] ?? []);
  writeFileSync(output.page, pageOf(inOrder));
}
