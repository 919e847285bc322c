import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { jsonReporter } from '../../src/cli/reporters/json-reporter.ts';
import { textReporter } from '../../src/cli/reporters/text-reporter.ts';
import type { ProgressEvent, RunEvent } from '../../src/core/experiment/events.ts';

const PROGRESS: ProgressEvent = {
  kind: 'progress',
  stage: 'supervised',
  step: 10,
  steps: 400,
  metrics: { loss: 0.25, 'loss.local': 0.125, learning_rate: 0.001 },
  imagesPerSecond: 31.26,
  secondsLeft: 125,
};

/** What a reporter writes to a stream that is no terminal. */
function plain(events: readonly [seconds: number, event: RunEvent][]): string[] {
  const stream = new PassThrough();
  let nowMs = 0;
  const report = textReporter(stream as unknown as NodeJS.WriteStream, () => nowMs);
  for (const [seconds, event] of events) {
    nowMs = seconds * 1_000;
    report(event);
  }
  return String(stream.read() ?? '')
    .trimEnd()
    .split('\n');
}

test('a progress line tells the step, the losses by name, the rate and the time left', () => {
  expect(plain([[0, PROGRESS]])).toEqual([
    'supervised 10/400  loss 0.2500 (local 0.1250)  31.3 images/s  2:05 left',
  ]);
});

test('a log file gets a progress line every ten seconds, and always the last one', () => {
  const lines = plain([
    [0, PROGRESS],
    [5, { ...PROGRESS, step: 20 }],
    [11, { ...PROGRESS, step: 30 }],
    [12, { ...PROGRESS, step: 400 }],
  ]);
  expect(lines.map((line) => line.split('  ')[0])).toEqual([
    'supervised 10/400',
    'supervised 30/400',
    'supervised 400/400',
  ]);
});

test('an interrupted run says how to go on', () => {
  const at = { runDirectory: 'runs/a', stage: 'supervised', step: 7, cpuSeconds: 9 };
  const event = { kind: 'interrupted', ...at } as const;
  expect(plain([[0, event]]).join()).toContain('after step 7. Go on with: fsx resume runs/a');
});

test('without a server the last line says how to see the run in MLflow', () => {
  const [line] = plain([[0, { kind: 'tracking', delivery: null, runDirectory: 'runs/a' }]]);
  expect(line).toContain('fsx sync runs/a');
});

test('a program gets one event a line', () => {
  const stream = new PassThrough();
  const report = jsonReporter(stream);
  const notice = { kind: 'notice', message: 'two\nlines' } as const;
  for (const event of [PROGRESS, notice]) report(event);
  const lines = String(stream.read()).trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toEqual([PROGRESS, notice]);
});
