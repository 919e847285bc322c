import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Entrant } from './competitor.ts';

/** Beside this bundle in `.fsx/bench`. */
const SERVE = fileURLToPath(new URL('serve.js', import.meta.url));
const PEER = join('bench', 'peer', 'serve.py');

const OURS = [process.execPath, '--no-warnings', SERVE];
export const PYTHON = process.env.FSX_BENCH_PYTHON ?? 'python3';
const TWIN = [PYTHON, '-B', PEER];

export const FSX: Entrant = { id: 'fsx', program: OURS, variant: 'native' };

/** PyTorch with channels_last, a fused AdamW, inference mode; `compile` is torch.compile, `bf16` autocast; and fsx in bf16. */
const PEERS: readonly Entrant[] = [
  ...['eager', 'compile', 'eager-bf16', 'compile-bf16'].map((id) => ({ id, program: TWIN, variant: id })),
  { id: 'fsx-bf16', program: OURS, variant: 'native-bf16' },
  { id: 'onnxruntime', program: TWIN, variant: 'onnxruntime' },
];

export function peersNamed(...names: readonly string[]): Entrant[] {
  return PEERS.filter(({ id }) => names.includes(id));
}
