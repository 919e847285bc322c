import { describe, expect, it } from 'vitest';
import { constantSchedule } from '../../../src/plugins/schedules/constant.ts';
import { warmupCosine } from '../../../src/plugins/schedules/warmup-cosine.ts';

describe('the learning rate', () => {
  it('is constant when the recipe says so', () => {
    const schedule = constantSchedule.create({}, {});
    expect([1, 50, 100].map((step) => schedule.factor(step, 100))).toEqual([1, 1, 1]);
  });

  it.each([
    [1, 0.1],
    [5, 0.5],
    [10, 1],
    [60, 1],
    [70, 1 - 0.9 * 0.5 * (1 - Math.SQRT1_2)],
    [80, 0.55],
    [100, 0.1],
  ])('rises, holds and falls along a cosine: at step %d of 100 it is %d', (step, factor) => {
    const schedule = warmupCosine.create({ warmupSteps: 10, hold: 0.6, final: 0.1 }, {});
    expect(schedule.factor(step, 100)).toBeCloseTo(factor, 12);
  });

  it.each([
    ['no warm-up begins at the full rate', { warmupSteps: 0, hold: 0.5, final: 0 }, 1, 1],
    ['holding to the end never falls', { warmupSteps: 0, hold: 1, final: 0 }, 100, 1],
    ['a warm-up longer than the stage never arrives', { warmupSteps: 200, hold: 1, final: 0 }, 100, 0.5],
  ])('%s', (_case, options, step, factor) => {
    expect(warmupCosine.create(options, {}).factor(step, 100)).toBeCloseTo(factor, 12);
  });
});
