import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** What a process says after so many repetitions of its task. */
export interface Answer {
  readonly milliseconds: readonly number[];
  /** Of a `train` task, a number a step. */
  readonly losses?: readonly number[];
  readonly gradientNorms?: readonly number[];
  /** Of a `predict` task, what was found last: `[batch, landmarks, 2]`. */
  readonly landmarks?: readonly number[];
  /** Arithmetic of one repetition. */
  readonly gigaflop?: number;
}

export type Task = 'train' | 'predict' | 'multiply' | 'count';

/** One of those that are compared, as it is started. */
export interface Entrant {
  /** For tables and options: `fsx`, `eager`, … */
  readonly id: string;
  /** A program and its first arguments, and the variant that it is told. */
  readonly program: readonly string[];
  readonly variant: string;
}

/** An entrant that is not there, or that broke off: it is left out. */
export class LeftOut extends Error {}

/** A process that does a task as often as it is told to, and says how long each repetition took. */
export class Competitor {
  readonly id: string;
  /** Library, version and variant, for people. */
  readonly name: string;
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(id: string, name: string, child: ChildProcess, lines: AsyncIterator<string>) {
    this.id = id;
    this.name = name;
    this.#process = child;
    this.#lines = lines;
  }

  /**
   * Starts the process, which then holds what it needs.
   * @throws {LeftOut} when it cannot run here.
   */
  static async open(entrant: Entrant, task: Task, threads: number, ...paths: string[]): Promise<Competitor> {
    const [program, ...first] = entrant.program as [string, ...string[]];
    const child = spawn(program, [...first, task, entrant.variant, String(threads), ...paths], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    child.on('error', () => {});
    child.stdin.on('error', () => {});
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const { name } = await answerOf<{ name: string }>(entrant.id, lines);
    return new Competitor(entrant.id, name, child, lines);
  }

  /** @throws {LeftOut} when the process ends instead of answering. */
  async repeat(count: number): Promise<Answer> {
    this.#process.stdin!.write(`${count}\n`);
    return await answerOf<Answer>(this.id, this.#lines);
  }

  get pid(): number {
    return this.#process.pid!;
  }

  /** Resolves when the process has ended. */
  async close(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.stdin!.end();
    await ended;
  }
}

async function answerOf<T>(id: string, lines: AsyncIterator<string>): Promise<T> {
  const { value, done } = await lines.next();
  if (done) throw new LeftOut(`${id} ended before it answered`);
  return JSON.parse(value) as T;
}
