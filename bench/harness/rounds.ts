import {
  BOOTSTRAP_DEFAULTS,
  Bootstrap,
  type DrawCounts,
  type Estimate,
} from '../../src/core/evaluation/bootstrap.ts';
import type { Competitor } from './competitor.ts';

export interface RoundsPlan {
  readonly rounds: number;
  /** Repetitions of a competitor's task in each round. */
  readonly repetitions: number;
  /** Repetitions before the first round, which are not counted. */
  readonly warmUp: number;
}

/** Milliseconds of one competitor, by round. */
export interface Timing {
  readonly id: string;
  readonly name: string;
  readonly rounds: readonly (readonly number[])[];
}

/** Lets all repeat their task in turns, so that what else the machine does meets everyone; who begins changes. */
export async function takeTurns(
  competitors: readonly Competitor[],
  { rounds, repetitions, warmUp }: RoundsPlan,
): Promise<Timing[]> {
  for (const competitor of competitors) if (warmUp > 0) await competitor.repeat(warmUp);
  const times = new Map(competitors.map(({ id }) => [id, [] as (readonly number[])[]]));
  for (let round = 0; round < rounds; round++) {
    for (const turn of competitors.keys()) {
      const competitor = competitors[(turn + round) % competitors.length]!;
      times.get(competitor.id)!.push((await competitor.repeat(repetitions)).milliseconds);
    }
  }
  return competitors.map(({ id, name }) => ({ id, name, rounds: times.get(id)! }));
}

export function medianMs({ rounds }: Timing): number {
  return median(rounds.flat());
}

/** The ratio of two medians, with a 95 % interval by resampling rounds. */
export function ratioOf(ours: Timing, theirs: Timing): Estimate {
  const bootstrap = new Bootstrap(ours.rounds.length, BOOTSTRAP_DEFAULTS);
  return bootstrap.estimate((counts) => median(drawn(ours, counts)) / median(drawn(theirs, counts)));
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle) - 1]!) / 2;
}

function drawn({ rounds }: Timing, counts: DrawCounts): number[] {
  return rounds.flatMap((times, round) => Array<readonly number[]>(counts[round]!).fill(times).flat());
}
