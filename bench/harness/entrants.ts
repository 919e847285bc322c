import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Competitor, type Entrant, LeftOut, type Task } from './competitor.ts';

/** Beside this bundle in `.fsx/bench`. */
const SERVE = fileURLToPath(new URL('serve.js', import.meta.url));
const PEER = join('bench', 'peer', 'serve.py');

const OURS = [process.execPath, '--no-warnings', SERVE];
export const PYTHON = process.env.FSX_BENCH_PYTHON ?? 'python3';
const TWIN = [PYTHON, '-B', PEER];

export const FSX: Entrant = { id: 'fsx', program: OURS, variant: 'native' };

/** PyTorch with channels_last, a fused AdamW, inference mode; `compile` is torch.compile, `bf16` autocast. */
export const PEERS: readonly Entrant[] = [
  ...['eager', 'compile', 'eager-bf16', 'compile-bf16'].map((id) => ({ id, program: TWIN, variant: id })),
  { id: 'onnxruntime', program: TWIN, variant: 'onnxruntime' },
];

const HINT = `The peers need PyTorch and ONNX Runtime, in the Python that FSX_BENCH_PYTHON names (default python3):
  python3 -m venv .venv && .venv/bin/pip install torch safetensors numpy onnx onnxscript onnxruntime
  FSX_BENCH_PYTHON=.venv/bin/python npm run bench`;

/** Those that run here; what cannot is left out, and said so. */
export async function openAll(
  entrants: readonly Entrant[],
  task: Task,
  threads: number,
  ...paths: string[]
): Promise<Competitor[]> {
  const opened: Competitor[] = [];
  for (const entrant of entrants) {
    try {
      opened.push(await Competitor.open(entrant, task, threads, ...paths));
    } catch (error) {
      if (!(error instanceof LeftOut) || entrant.id === FSX.id) throw error;
      console.error(`LEFT OUT: ${error.message}\n${HINT}`);
    }
  }
  return opened;
}

export async function closeAll(competitors: readonly Competitor[]): Promise<void> {
  await Promise.all(competitors.map((competitor) => competitor.close()));
}
