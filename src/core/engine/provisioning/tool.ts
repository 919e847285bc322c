import { spawn } from 'node:child_process';

export interface ToolResult {
  readonly ok: boolean;
  /** Standard output and error, interleaved. */
  readonly output: string;
  /** Set when a signal ended the tool. */
  readonly signal: NodeJS.Signals | undefined;
}

export interface ToolOptions {
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs a program without a shell and waits for it. A program that does not exist is a result, not an exception. */
export function runTool(
  command: string,
  args: readonly string[],
  options: ToolOptions = {},
): Promise<ToolResult> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: options.env ?? process.env,
    });
    let output = '';
    const collect = (chunk: Buffer) => {
      output += chunk.toString();
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', (error) => resolve({ ok: false, output: error.message, signal: undefined }));
    child.on('close', (code, signal) => resolve({ ok: code === 0, output, signal: signal ?? undefined }));
  });
}
