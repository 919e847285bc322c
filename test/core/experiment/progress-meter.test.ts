import { expect, test } from 'vitest';
import { ProgressMeter } from '../../../src/core/experiment/progress-meter.ts';

/** A clock that the test moves. */
function clock() {
  let ms = 0;
  return {
    now: () => ms,
    pass: (seconds: number) => {
      ms += seconds * 1_000;
    },
  };
}

test('losses are means over the steps since the last line', () => {
  const meter = new ProgressMeter(10, 2, 0, clock().now);
  meter.add({ loss: 4 }, 0);
  meter.add({ loss: 2 }, 0);
  expect(meter.take(2).metrics).toEqual({ loss: 3 });
  meter.add({ loss: 1 }, 0);
  expect(meter.take(3).metrics).toEqual({ loss: 1 });
});

test('the rate and the waiting are of the time since the last line', () => {
  const { now, pass } = clock();
  const meter = new ProgressMeter(10, 8, 0, now);
  pass(2);
  meter.add({}, 500);
  expect(meter.take(1)).toMatchObject({ imagesPerSecond: 4, waitShare: 0.25 });
  pass(1);
  meter.add({}, 600);
  expect(meter.take(2)).toMatchObject({ imagesPerSecond: 8, waitShare: 0.1 });
});

test('the time left goes by the steps that this process has done, also after a resume', () => {
  const { now, pass } = clock();
  const meter = new ProgressMeter(100, 1, 90, now);
  pass(10);
  meter.add({}, 0);
  expect(meter.take(95).secondsLeft).toBe(10);
});
