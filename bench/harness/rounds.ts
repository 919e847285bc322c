import {
  BOOTSTRAP_DEFAULTS,
  Bootstrap,
  type DrawCounts,
  type Estimate,
} from '../../src/core/evaluation/bootstrap.ts';
import type { Field } from './field.ts';

export interface RoundsPlan {
  readonly rounds: number;
  /** Repetitions of everyone's task in each round. */
  readonly repetitions: number;
  /** Repetitions before the first round, which are not counted. */
  readonly warmUp: number;
}

/** What one of those that were compared took, beside the first of them. */
export interface Timing {
  readonly id: string;
  readonly name: string;
  /** Milliseconds, by round. */
  readonly rounds: readonly (readonly number[])[];
  readonly medianMs: number;
  /** fsx's median, in the same precision where it takes part in it, to this one's, with a 95 % interval by resampling rounds. */
  readonly ratio: Estimate;
}

/** At the end of the id of those that convolve in bf16. */
const MIXED = '-bf16';

/** Lets all repeat their task in turns, so that what else the machine does meets everyone; who begins changes. */
export async function takeTurns(
  field: Field,
  { rounds, repetitions, warmUp }: RoundsPlan,
): Promise<Timing[]> {
  await field.each(async (competitor) => {
    await competitor.repeat(warmUp);
  });
  const times = new Map(field.competitors.map(({ id }) => [id, [] as (readonly number[])[]]));
  for (let round = 0; round < rounds; round++) {
    await field.each(async (competitor) => {
      times.get(competitor.id)!.push((await competitor.repeat(repetitions)).milliseconds);
    }, round);
  }
  const first = times.get(field.competitors[0]!.id)!;
  const ours = (id: string) => (id.endsWith(MIXED) ? times.get(`fsx${MIXED}`) : undefined) ?? first;
  return field.competitors.map(({ id, name }) => {
    const own = times.get(id)!;
    return { id, name, rounds: own, medianMs: median(own.flat()), ratio: ratioOf(ours(id), own) };
  });
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle) - 1]!) / 2;
}

type Rounds = Timing['rounds'];

/** Of medians. */
export function ratioOf(ours: Rounds, theirs: Rounds): Estimate {
  const bootstrap = new Bootstrap(ours.length, BOOTSTRAP_DEFAULTS);
  return bootstrap.estimate((counts) => median(drawn(ours, counts)) / median(drawn(theirs, counts)));
}

function drawn(rounds: Rounds, counts: DrawCounts): number[] {
  return rounds.flatMap((times, round) => Array<readonly number[]>(counts[round]!).fill(times).flat());
}
