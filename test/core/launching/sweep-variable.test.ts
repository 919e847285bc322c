import { expect, test } from 'vitest';
import { readMembership, writeMembership } from '../../../src/core/launching/sweep-variable.ts';

test('a trial reads which sweep it belongs to from its environment', () => {
  const membership = { id: '0f8b', name: 'widths "8"', trial: 7 };
  expect(readMembership(writeMembership(membership))).toEqual(membership);
});

test.each([{}, { FSX_SWEEP: '' }, { FSX_SWEEP: '{"id":1}' }, { FSX_SWEEP: 'null' }])(
  'a run of its own is stopped by no variable: %o',
  (environment) => {
    expect(readMembership(environment)).toBe(null);
  },
);
