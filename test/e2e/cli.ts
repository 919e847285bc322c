import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { RunEvent } from '../../src/core/experiment/events.ts';
import { readCheckpoint } from '../../src/core/training/checkpoint.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const TINY = join(ROOT, 'test/recipes/tiny.yaml');

export interface CliOutcome {
  /** The exit code; null when a signal ended the process. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Of `--reporter json`. */
  readonly events: readonly RunEvent[];
}

export interface CliOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Root folder of the installation to run; this checkout unless given. */
  readonly root?: string;
  /** Sees the process as soon as it runs, and may signal it. */
  readonly onStart?: (process: ChildProcess) => void;
  /** With `--reporter json`: sees every event as it is printed, and may signal the process. */
  readonly onEvent?: (event: RunEvent, process: ChildProcess) => void;
}

/** Runs the built command line as a person would, in a process of its own, to its end. */
export async function fsx(argv: readonly string[], options: CliOptions = {}): Promise<CliOutcome> {
  const { cwd = tmpdir(), env = {}, root = ROOT, onStart = () => {}, onEvent = () => {} } = options;
  const child = spawn(process.execPath, [join(root, 'bin/run.js'), ...argv], {
    cwd,
    env: { ...withoutServer(process.env), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<Pick<CliOutcome, 'code' | 'signal'>>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal }));
  });
  onStart(child);
  const lines: string[] = [];
  const events: RunEvent[] = [];
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    const event = argv.includes('json') ? parseEvent(line) : undefined;
    if (event === undefined) continue;
    events.push(event);
    onEvent(event, child);
  }
  return { ...(await ended), stdout: lines.join('\n'), stderr, events };
}

/** `fsx run` of a recipe with events, into `output`. */
export function fsxRun(
  recipe: string,
  output: string,
  args: readonly string[] = [],
  options: CliOptions = {},
) {
  return fsx(['run', recipe, '--reporter', 'json', '--set', `output=${output}`, ...args], options);
}

/** The folder that a run says it writes to. */
export function runFolder({ events, stderr }: CliOutcome): string {
  const start = eventsOf(events, 'start')[0];
  if (start === undefined) throw new Error(`the run did not start:\n${stderr}`);
  return start.header.runDirectory;
}

export function eventsOf<K extends RunEvent['kind']>(events: readonly RunEvent[], kind: K) {
  return events.filter((event): event is Extract<RunEvent, { kind: K }> => event.kind === kind);
}

/** Every tensor of a checkpoint as its exact bytes, in hexadecimal, by name. */
export async function tensorsOf(run: string, name = 'last'): Promise<Record<string, string>> {
  const { tensors } = await readCheckpoint(join(run, 'checkpoints', `${name}.safetensors`));
  const bytes = ({ buffer, byteOffset, byteLength }: Float32Array) =>
    Buffer.from(buffer, byteOffset, byteLength).toString('hex');
  return Object.fromEntries([...tensors].map(([key, { values }]) => [key, bytes(values)]));
}

export function readJson(...path: string[]): unknown {
  return JSON.parse(readFileSync(join(...path), 'utf8'));
}

/** A folder of its own under the system's temporary one; `await using` or `using` removes it. */
export function temporaryFolder(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'fsx-e2e-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** The last line of a killed process may be cut off. */
function parseEvent(line: string): RunEvent | undefined {
  try {
    return JSON.parse(line) as RunEvent;
  } catch {
    return undefined;
  }
}

/** A developer's own MLflow server must not get the tests' runs. */
function withoutServer({ MLFLOW_TRACKING_URI: _, ...env }: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return env;
}
