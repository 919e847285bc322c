import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Competitor } from '../../bench/harness/competitor.ts';
import { PYTHON, peersNamed } from '../../bench/harness/entrants.ts';
import { type Case, caseOf, describeCase } from '../../bench/problem/case.ts';
import { makeProblem } from '../../bench/problem/problem.ts';
import { writeProblem } from '../../bench/problem/problem-file.ts';
import { trainerOf } from '../../bench/problem/trainer.ts';
import type { Engine } from '../../src/core/engine/engine.ts';
import type { StepMetrics } from '../../src/core/training/step-metrics.ts';
import { ENGINES } from '../support/engines.ts';

const STEPS = 3;

const torchIsMissing = spawnSync(PYTHON, ['-c', 'import torch, safetensors, numpy']).status !== 0;
if (torchIsMissing) {
  console.warn(
    `SKIPPED: the PyTorch twin of the benchmarks, since ${PYTHON} has no PyTorch (FSX_BENCH_PYTHON names another)`,
  );
}

const tiny = { backbone: 'small', batch: 2, sizePx: 64, landmarks: 5 } as const;
const CASES: readonly Case[] = [caseOf(tiny), caseOf({ ...tiny, strategy: 'few-shot-dag', elastic: true })];

describe.skipIf(torchIsMissing)('what the benchmarks measure PyTorch by trains what fsx trains', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fsx-twin-'));
  const path = join(folder, 'problem.safetensors');
  let engine: Engine;

  beforeAll(async () => {
    engine = await ENGINES.at(-1)![1]();
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each(CASES.map((chosen) => [describeCase(chosen), chosen] as const))('%s', async (_, chosen) => {
    await writeProblem(path, chosen);
    const [eager] = peersNamed('eager');
    const twin = await Competitor.open(eager!, 'train', 1, path);
    const theirs = await twin.repeat(STEPS);
    await twin.close();

    const problem = await makeProblem(chosen);
    const trainer = trainerOf(engine, problem);
    const ours: StepMetrics[] = [];
    for (let step = 0; step < STEPS; step++) ours.push(await trainer.advance(problem.batch));
    trainer.dispose();

    const relative = (mine: number, other: number) => Math.abs(mine / other - 1);
    for (const [step, { loss, gradient_norm }] of ours.entries()) {
      expect(relative(loss!, theirs.losses![step]!), `loss of step ${step + 1}`).toBeLessThan(1e-4);
      const length = theirs.gradientNorms![step]!;
      expect(relative(gradient_norm!, length), `gradient of step ${step + 1}`).toBeLessThan(1e-4);
    }
  });
});
