import type { ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { TrialRecord } from '../../src/core/sweep/manifest.ts';
import { readJson } from './cli.ts';

/** What a sweep has written so far. */
export class SweepFolder {
  readonly output: string;

  constructor(output: string) {
    this.output = output;
  }

  trials(): TrialRecord[] {
    const file = join(this.output, 'manifest.json');
    return existsSync(file) ? (readJson(file) as { trials: TrialRecord[] }).trials : [];
  }

  statuses(): string[] {
    return this.trials().map(({ status }) => status);
  }

  runOf(number: number): string {
    return join(this.output, this.trials()[number - 1]!.run!);
  }

  /** Steps that the journal of a trial has losses of. */
  stepsOf(number: number): number {
    return this.#countInJournal(number, /"train\/loss"/g);
  }

  /** How many times the run of a trial was begun or went on. */
  startsOf(number: number): number {
    return this.#countInJournal(number, /"kind":"run-start"/g);
  }

  async untilStep(number: number, step: number, process: ChildProcess): Promise<void> {
    while (this.stepsOf(number) < step && process.exitCode === null) await delay(20);
  }

  #countInJournal(number: number, pattern: RegExp): number {
    const trial = this.trials()[number - 1];
    if (trial === undefined) return 0;
    const attempt = join(this.output, 'trials', trial.name, String(trial.attempt));
    const names = existsSync(attempt) ? readdirSync(attempt).sort().reverse() : [];
    const journal = names
      .map((name) => join(attempt, name, 'journal.jsonl'))
      .find((file) => existsSync(file));
    return journal === undefined ? 0 : (readFileSync(journal, 'utf8').match(pattern) ?? []).length;
  }
}
