import { expect, test } from 'vitest';
import { resultTable } from '../../../src/core/evaluation/result-tables.ts';

test('a table of results has fractions that fit its columns, and whole numbers as they are', () => {
  const { data } = resultTable(
    ['trial', 'seed', 'mre_mm'],
    [
      ['a', 123_456_789, 11.694628750623],
      ['b', 2, null],
    ],
  );
  expect(data).toEqual([
    ['a', 123_456_789, 11.695],
    ['b', 2, null],
  ]);
});
