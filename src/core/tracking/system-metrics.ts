import { execFile } from 'node:child_process';
import { type CpuInfo, cpus, freemem, totalmem } from 'node:os';
import { promisify } from 'node:util';
import type { Journal } from './journal.ts';

const SAMPLE_INTERVAL_MS = 10_000;
const GPU_QUERY_TIMEOUT_MS = 5_000;

/**
 * Journals how busy the machine is, every ten seconds and at the end, under MLflow's names: `system/cpu_utilization_percentage`,
 * `system/system_memory_usage_megabytes`, and for NVIDIA GPUs `system/gpu_0_utilization_percentage` and
 * `system/gpu_0_memory_usage_megabytes`. The step is the seconds since the run was first started.
 * @returns what takes the last sample and stops; to be waited for before the journal is closed.
 */
export function startSystemMetrics(journal: Journal, intervalMs = SAMPLE_INTERVAL_MS): () => Promise<void> {
  let before = cpus();
  let stopped = false;
  let hasGpu = true;
  const sample = async () => {
    const now = cpus();
    const gpus = hasGpu ? await gpuMetrics() : {};
    hasGpu = Object.keys(gpus).length > 0;
    if (stopped) return;
    const metrics = {
      'system/cpu_utilization_percentage': cpuUtilization(before, now),
      'system/system_memory_usage_megabytes': (totalmem() - freemem()) / 1e6,
      ...gpus,
    };
    before = now;
    const step = Math.round((journal.nowMs() - journal.header.createdMs) / 1_000);
    journal.append({ kind: 'metrics', step, metrics });
  };
  // a journal that cannot be written stops the run where the run itself writes to it
  const take = () => sample().catch(() => undefined);
  const timer = setInterval(() => void take(), intervalMs).unref();
  return async () => {
    clearInterval(timer);
    await take();
    stopped = true;
  };
}

/** Busy share of all processors between two readings, in percent. */
function cpuUtilization(before: readonly CpuInfo[], now: readonly CpuInfo[]): number {
  const total = sumOver(now, allTime) - sumOver(before, allTime);
  const idle = sumOver(now, ({ times }) => times.idle) - sumOver(before, ({ times }) => times.idle);
  return total === 0 ? 0 : (100 * (total - idle)) / total;
}

function allTime({ times }: CpuInfo): number {
  return times.user + times.nice + times.sys + times.idle + times.irq;
}

function sumOver(processors: readonly CpuInfo[], time: (processor: CpuInfo) => number): number {
  return processors.reduce((sum, processor) => sum + time(processor), 0);
}

/** Empty where there is no NVIDIA GPU. */
async function gpuMetrics(): Promise<Record<string, number>> {
  try {
    const query = ['--query-gpu=utilization.gpu,memory.used', '--format=csv,noheader,nounits'];
    const { stdout } = await promisify(execFile)('nvidia-smi', query, { timeout: GPU_QUERY_TIMEOUT_MS });
    return parseGpuTable(stdout);
  } catch {
    return {};
  }
}

/** One line a GPU: utilization in percent, memory in MiB. */
function parseGpuTable(table: string): Record<string, number> {
  const metrics: Record<string, number> = {};
  for (const [index, line] of table.trim().split('\n').entries()) {
    const [utilization, memoryMib] = line.split(',').map(Number);
    if (!Number.isFinite(utilization) || !Number.isFinite(memoryMib)) continue;
    metrics[`system/gpu_${index}_utilization_percentage`] = utilization!;
    metrics[`system/gpu_${index}_memory_usage_megabytes`] = memoryMib! * 1.048576;
  }
  return metrics;
}
