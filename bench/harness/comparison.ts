import { join } from 'node:path';
import { type Case, describeCase } from '../problem/case.ts';
import { writeProblem } from '../problem/problem-file.ts';
import { agree } from './agreement.ts';
import type { Task } from './competitor.ts';
import { FSX, peersNamed } from './entrants.ts';
import { Field } from './field.ts';
import type { BenchOptions } from './part.ts';
import { type RoundsPlan, type Timing, takeTurns } from './rounds.ts';

/** A case, and the names of the peers that do it too. */
export interface ComparedCase {
  readonly chosen: Case;
  readonly peers: readonly string[];
}

/** What everyone took for a case. */
export interface Comparison {
  readonly case: Case;
  readonly timings: readonly Timing[];
  /** Milliseconds of the first time by id: what compiling costs is in there. */
  readonly firstMs: Readonly<Record<string, number>>;
}

/** Everyone on the case, who first must agree on what comes out. */
export async function compare(
  task: Task,
  compared: ComparedCase,
  options: BenchOptions,
  plan: Partial<RoundsPlan> = {},
): Promise<Comparison> {
  return await withField(task, compared, options, async (field) => {
    const firstMs = await agree(field);
    const timings = await takeTurns(field, { rounds: options.rounds, repetitions: 2, warmUp: 2, ...plan });
    return { case: compared.chosen, timings, firstMs };
  });
}

/** Does something with everyone who is there for the case. */
export async function withField<T>(
  task: Task,
  { chosen, peers }: ComparedCase,
  { threads, scratch, peers: wanted = peers }: BenchOptions,
  work: (field: Field) => Promise<T>,
): Promise<T> {
  console.error(describeCase(chosen));
  const problem = await problemIn(scratch, chosen);
  const taking = [FSX, ...peersNamed(...peers.filter((id) => wanted.includes(id)))];
  const field = await Field.open(taking, { task, threads, problem });
  try {
    return await work(field);
  } finally {
    await field.close();
  }
}

/** Writes the case's problem into a folder. @returns the file. */
export async function problemIn(folder: string, chosen: Case): Promise<string> {
  const path = join(folder, 'problem.safetensors');
  await writeProblem(path, chosen);
  return path;
}
