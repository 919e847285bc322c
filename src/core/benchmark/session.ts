import { bestEngine } from '../engine/open.ts';
import type { Benchmark } from './load.ts';
import { Manifest } from './manifest.ts';
import { planTrials, type Trial } from './plan.ts';

/** A benchmark with its folder: what is to be done, and what was. */
export interface BenchmarkSession {
  readonly benchmark: Benchmark;
  readonly plan: readonly Trial[];
  readonly manifest: Manifest;
}

/**
 * Reads a benchmark's folder, which need not exist. The engine that `auto` means is the one of the first time.
 * @throws {RunError} FSX_BENCHMARK_MANIFEST or FSX_BENCHMARK_FOLDER.
 */
export async function openSession(benchmark: Benchmark, directory: string): Promise<BenchmarkSession> {
  const manifest = await Manifest.open(directory, benchmark.settings.name, bestEngine);
  return { benchmark, manifest, plan: await planTrials(benchmark, manifest.engine) };
}
