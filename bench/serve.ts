/**
 * fsx as one of those that are compared: does one task as often as it is told to, like its peers in `bench/peer/serve.py`
 * and with the same lines of JSON.
 *
 *     serve.js TASK VARIANT THREADS [PROBLEM]
 *
 * TASK is train, predict or multiply; VARIANT is the engine, native, webgpu or wasm, with -bf16 behind it for mixed precision.
 */
import { createInterface } from 'node:readline';
import { dispose, matMul, randomNormal } from '@tensorflow/tfjs-core';
import type { Engine, EngineName } from '../src/core/engine/engine.ts';
import { openEngine } from '../src/core/engine/open.ts';
import { Predictor } from '../src/core/training/inference.ts';
import type { StepMetrics } from '../src/core/training/step-metrics.ts';
import type { Answer } from './harness/competitor.ts';
import { makeProblem } from './problem/problem.ts';
import { readCase } from './problem/problem-file.ts';
import { trainerOf } from './problem/trainer.ts';

const MATRIX = 2048;

/** Does the work once; what came out of all repetitions. */
interface Work {
  once(): Promise<void>;
  results(): Omit<Answer, 'milliseconds'>;
}

const TASKS: Readonly<Record<string, (engine: Engine, path: string) => Promise<Work>>> = {
  train: async (engine, path) => {
    const problem = await makeProblem(readCase(path));
    const trainer = trainerOf(engine, problem);
    const steps: StepMetrics[] = [];
    return {
      once: async () => {
        steps.push(await trainer.advance(problem.batch));
      },
      results: () => {
        const done = steps.splice(0);
        return {
          losses: done.map(({ loss }) => loss!),
          gradientNorms: done.map(({ gradient_norm }) => gradient_norm!),
        };
      },
    };
  },
  predict: async (engine, path) => {
    const chosen = readCase(path);
    const { model, meanShape, weights, batch } = await makeProblem(chosen);
    const size = { width: chosen.sizePx, height: chosen.sizePx };
    const predictor = new Predictor(engine, model, size, meanShape, 'fixed');
    const area = chosen.sizePx ** 2;
    const pixels = batch.labeled!.images.values;
    const views = Array.from({ length: chosen.batch }, (_, slot) =>
      pixels.subarray(slot * area, (slot + 1) * area),
    );
    let found: Float32Array[] = [];
    return {
      once: async () => {
        found = await predictor.predict(weights, views);
      },
      results: () => ({ landmarks: found.flatMap((landmarks) => [...landmarks]) }),
    };
  },
  multiply: async () => {
    const [a, b] = [randomNormal([MATRIX, MATRIX]), randomNormal([MATRIX, MATRIX])];
    return {
      once: async () => dispose(matMul(a, b)),
      results: () => ({ gigaflop: (2 * MATRIX ** 3) / 1e9 }),
    };
  },
};

const [task, variant, threads, path = ''] = process.argv.slice(2) as [string, string, string, string?];
const [type, precision = 'float32'] = variant.split('-') as [EngineName, ('float32' | 'bf16')?];
const engine = await openEngine({ type, threads: Number(threads), precision });
const work = await TASKS[task]!(engine, path);
print({ name: `fsx, ${engine.description}` });
for await (const line of createInterface({ input: process.stdin })) {
  const milliseconds: number[] = [];
  for (let i = 0; i < Number(line); i++) milliseconds.push(await clock(work.once));
  print({ milliseconds, ...work.results() });
}

async function clock(run: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

function print(value: object): void {
  console.log(JSON.stringify(value));
}
