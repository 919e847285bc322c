import { expect, test } from 'vitest';
import { ratioOf } from '../../bench/harness/rounds.ts';

const steady = [
  [10, 10],
  [10, 10],
  [10, 10],
  [10, 10],
];

test('a round in which the machine was slow for both does not move their ratio', () => {
  const ours = [10, 40, 10, 20].map((ms) => [ms, ms]);
  const theirs = [20, 80, 20, 40].map((ms) => [ms, ms]);
  expect(ratioOf(ours, theirs)).toEqual({ value: 0.5, low: 0.5, high: 0.5 });
});

test('the interval is wide where rounds of one competitor differ', () => {
  const unsteady = [
    [10, 10],
    [30, 30],
    [10, 10],
    [30, 30],
  ];
  const { low, high } = ratioOf(unsteady, steady);
  expect(low).toBe(1);
  expect(high).toBe(3);
});

test('one slow step in a round does not make a peer look slow', () => {
  expect(
    ratioOf(steady, [
      [10, 10],
      [10, 900],
      [10, 10],
      [10, 10],
    ]).value,
  ).toBe(1);
});
