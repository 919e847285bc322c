import { expect, test } from 'vitest';
import EngineList from '../../src/cli/commands/engine/list.ts';
import { exitCodeOf, renderError } from '../../src/cli/error-report.ts';
import { EXIT_CODES, RecipeError } from '../../src/core/errors.ts';
import { runCommand } from './run-command.ts';

const PLAIN = { verbose: false, colors: false };

test('a foreseen error says what, its code, how to fix it and what caused it, in that order', () => {
  const cause = new Error('cannot read', { cause: new Error('EACCES') });
  const error = new RecipeError('FSX_RECIPE_INVALID', 'no such field', { suggestion: 'remove it', cause });
  expect(renderError(error, PLAIN).split('\n')).toEqual([
    'Error: no such field',
    'Code: FSX_RECIPE_INVALID',
    'Try this: remove it',
    'Caused by: cannot read',
    'Caused by: EACCES',
    '',
  ]);
  expect(exitCodeOf(error)).toBe(EXIT_CODES.recipe);
});

test('an unforeseen error asks for a report, and shows its stack only with --verbose', () => {
  const error = new TypeError('x is undefined');
  expect(renderError(error, PLAIN)).toContain('--verbose');
  expect(renderError(error, PLAIN)).not.toContain(' at ');
  expect(renderError(error, { ...PLAIN, verbose: true })).toContain(' at ');
  expect(exitCodeOf(error)).toBe(EXIT_CODES.internal);
});

test('an error that is its own cause does not hang the report', () => {
  const error = new Error('loop');
  error.cause = error;
  expect(renderError(error, PLAIN)).toContain('Caused by: loop');
});

test('a flag that does not exist is wrong usage, said once', async () => {
  const outcome = await runCommand(EngineList, ['--colour']);
  expect(outcome.exitCode).toBe(EXIT_CODES.usage);
  expect(outcome.stderr).toBe(
    'Error: Nonexistent flag: --colour\nTry this: add --help to the command to see what it takes\n',
  );
});
