import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { finished } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { RunListener } from '../experiment/events.ts';
import { isRunning } from '../process-lock.ts';

export interface TrialProcess {
  /** The program and its first arguments, such as `node bin/run.js`. */
  readonly command: readonly string[];
  readonly argv: readonly string[];
  /** Variables that it gets beside those of this process. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly listener: RunListener;
  readonly onStart: (pid: number) => void;
  /** Asks the process to stop after the step that it is in. */
  readonly signal: AbortSignal;
}

export interface ProcessEnd {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly killedBy: NodeJS.Signals | null;
  /** The end of what it said on standard error. */
  readonly complaint: string;
}

const MOST_COMPLAINT = 4_000;
/** A process whose parent was killed stops after its step; another one may have its number by then. */
const ORPHAN_MS = 60_000;
const POLL_MS = 200;

/**
 * Runs one fsx command in a process of its own and tells its events. The two are tied by an IPC channel: when it
 * closes, by the signal or because this process is gone, the child stops as by Ctrl-C (`src/cli/interruption.ts`).
 */
export async function runTrialProcess(trial: TrialProcess): Promise<ProcessEnd> {
  const [program, ...first] = trial.command;
  const child = spawn(program!, [...first, ...trial.argv], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { ...process.env, ...trial.environment },
  });
  // Not 'close', which Node.js never emits after `disconnect()`.
  const ended = new Promise<Pick<ProcessEnd, 'code' | 'killedBy'>>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, killedBy) => resolve({ code, killedBy }));
  });
  if (child.pid !== undefined) trial.onStart(child.pid);
  let complaint = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-MOST_COMPLAINT);
  });
  const lines = createInterface({ input: child.stdout! }).on('line', (line) => tell(line, trial.listener));
  const outputs = Promise.all([once(lines, 'close'), finished(child.stderr!)]);
  const release = () => child.connected && child.disconnect();
  trial.signal.addEventListener('abort', release, { once: true });
  try {
    const [end] = await Promise.all([ended, outputs]);
    return { ...end, complaint: complaint.trim() };
  } finally {
    trial.signal.removeEventListener('abort', release);
  }
}

/** Waits for a trial's process that an earlier process of ours started and did not see end. */
export async function untilGone(pid: number): Promise<void> {
  const deadlineMs = Date.now() + ORPHAN_MS;
  while (isRunning(pid) && Date.now() < deadlineMs) await delay(POLL_MS);
}

/** The last line of a killed process may be cut off; what a library prints is no event. */
function tell(line: string, listener: RunListener): void {
  if (!line.startsWith('{')) return;
  try {
    listener(JSON.parse(line));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
}
