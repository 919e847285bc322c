import { fileURLToPath } from 'node:url';
import { format } from 'node:util';
import type { Command } from '@oclif/core/command';
import { settings } from '@oclif/core/settings';
import { exitCodeOf, renderError } from '../../src/cli/error-report.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface CommandOutcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

interface RunnableCommand {
  run(argv: string[], options: { root: string }): Promise<unknown>;
}

/**
 * Runs a command's class from its source in this process, with what a person would see: its output, and its error
 * rendered as `runCli` renders it. Needs no build.
 */
export async function runCommand(
  command: RunnableCommand & (abstract new (...args: never[]) => Command),
  argv: readonly string[],
): Promise<CommandOutcome> {
  settings.enableAutoTranspile = false;
  const previousExitCode = process.exitCode;
  process.exitCode = 0;
  const output = { stdout: '', stderr: '' };
  const restore = [capture('stdout', output), capture('stderr', output), captureConsole(output)];
  try {
    await command.run([...argv], { root: ROOT });
    return { ...output, exitCode: Number(process.exitCode ?? 0) };
  } catch (error) {
    output.stderr += renderError(error, { verbose: false, colors: false });
    return { ...output, exitCode: exitCodeOf(error) };
  } finally {
    for (const undo of restore) undo();
    process.exitCode = previousExitCode;
  }
}

function capture(name: 'stdout' | 'stderr', output: Record<'stdout' | 'stderr', string>): () => void {
  const stream = process[name];
  const write = stream.write;
  stream.write = ((chunk: string | Uint8Array, ...rest: unknown[]) => {
    output[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
    const done = rest.at(-1);
    if (typeof done === 'function') done();
    return true;
  }) as typeof stream.write;
  return () => {
    stream.write = write;
  };
}

/** oclif logs to the console, which vitest keeps to itself. */
function captureConsole(output: Record<'stdout' | 'stderr', string>): () => void {
  const { log, error } = console;
  console.log = (...parts) => {
    output.stdout += `${format(...parts)}\n`;
  };
  console.error = (...parts) => {
    output.stderr += `${format(...parts)}\n`;
  };
  return () => Object.assign(console, { log, error });
}
