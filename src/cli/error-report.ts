import { styleText } from 'node:util';
import { EXIT_CODES, FsxError } from '../core/errors.ts';
import { redact } from '../core/secrets.ts';

export interface ErrorReportOptions {
  /** Adds the stack of an error that fsx did not foresee. */
  readonly verbose: boolean;
  readonly colors: boolean;
}

/** What oclif's own errors (a wrong flag, `this.exit(5)`) carry beside their message. */
interface OclifError extends Error {
  readonly oclif: { readonly exit?: number };
  readonly code?: string;
}

/**
 * An error as a person reads it: `Error`, `Code`, `Try this`, then one `Caused by` for each link of the chain. Empty
 * for a command that only sets its exit code.
 */
export function renderError(error: unknown, options: ErrorReportOptions): string {
  if (isOclifError(error) && error.code === 'EEXIT') return '';
  const red = (text: string) => (options.colors ? styleText(['bold', 'red'], text) : text);
  const bold = (text: string) => (options.colors ? styleText('bold', text) : text);

  const lines = [`${red('Error:')} ${messageOf(error)}`];
  if (error instanceof FsxError) lines.push(`${bold('Code:')} ${error.code}`);
  const suggestion = suggestionFor(error, options.verbose);
  if (suggestion) lines.push(`${bold('Try this:')} ${suggestion}`);
  for (const cause of causesOf(error)) lines.push(`${bold('Caused by:')} ${messageOf(cause)}`);
  if (options.verbose && isUnforeseen(error)) lines.push('', (error as Error).stack ?? '');
  return redact(`${lines.join('\n')}\n`);
}

/** The exit code that goes with an error: its area's own, 2 for wrong usage, 1 for what fsx did not foresee. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof FsxError) return error.exitCode;
  if (isOclifError(error)) return error.oclif.exit ?? EXIT_CODES.usage;
  return EXIT_CODES.internal;
}

function suggestionFor(error: unknown, verbose: boolean): string | undefined {
  if (error instanceof FsxError) return error.suggestion;
  if (isOclifError(error)) return 'add --help to the command to see what it takes';
  if (verbose) return 'this is a bug in fsx: please report it with the command and the lines below';
  return 'this is a bug in fsx: run it again with --verbose and report the command and what it prints';
}

function isUnforeseen(error: unknown): boolean {
  return error instanceof Error && !(error instanceof FsxError) && !isOclifError(error);
}

function isOclifError(error: unknown): error is OclifError {
  return error instanceof Error && 'oclif' in error;
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // oclif appends a line of its own that says what the suggestion says
  return isOclifError(error) ? error.message.replace(/\n?See more help with --help/, '') : error.message;
}

function causesOf(error: unknown): unknown[] {
  const causes: unknown[] = [];
  let cause = error instanceof Error ? error.cause : undefined;
  while (cause !== undefined && !causes.includes(cause)) {
    causes.push(cause);
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return causes;
}
