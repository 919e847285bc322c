import { compare, problemIn } from '../harness/comparison.ts';
import { FSX, peersNamed } from '../harness/entrants.ts';
import { Field } from '../harness/field.ts';
import type { BenchOptions, Part } from '../harness/part.ts';
import { type Timing, takeTurns } from '../harness/rounds.ts';
import { type Case, caseOf, describeCase } from '../problem/case.ts';

const PEERS = ['eager', 'eager-bf16'];

/** The best that a matrix product was seen to do. */
interface Speed {
  readonly id: string;
  readonly name: string;
  readonly gigaflopPerSecond: number;
}

interface Distance {
  readonly case: Case;
  readonly gigaflop: number;
  /** Arithmetic alone, at the best speed in float32. */
  readonly floorMs: number;
  readonly measured: readonly Timing[];
}

export const floor: Part = {
  title: 'Distance to the floor',
  measure: async (options) => {
    const speeds = await productSpeeds(options);
    const isFloat32 = ({ id }: Speed) => !id.endsWith('bf16');
    const best = Math.max(...speeds.filter(isFloat32).map((speed) => speed.gigaflopPerSecond));
    const cases = options.quick
      ? [caseOf({ backbone: 'small', batch: 1, sizePx: 64 })]
      : [caseOf({}), caseOf({ backbone: 'small', batch: 8 })];
    const distances: Distance[] = [];
    for (const chosen of cases) distances.push(...(await distancesOf(chosen, best, options)));
    return {
      text:
        'The floor is the arithmetic of a step (convolutions and matrix products, forward and backward, as PyTorch counts it) at the best ' +
        'speed of a product of two 2048 x 2048 matrices that anyone here reached in float32; memory traffic comes on top.',
      tables: [
        {
          caption: 'Matrix products',
          columns: ['', 'GFLOP/s'],
          rows: speeds.map(({ name, gigaflopPerSecond }) => [name, gigaflopPerSecond.toFixed(0)]),
        },
        {
          caption: 'Training steps',
          columns: ['case', 'GFLOP', 'floor, ms', '', 'ms a step', 'times the floor'],
          rows: distances.flatMap(rowsOf),
        },
      ],
      measurements: { speeds, distances },
    };
  },
};

async function productSpeeds({ rounds, threads, peers = PEERS }: BenchOptions): Promise<Speed[]> {
  const taking = [FSX, ...peersNamed(...PEERS.filter((id) => peers.includes(id)))];
  const field = await Field.open(taking, { task: 'multiply', threads });
  try {
    const timings = await takeTurns(field, { rounds, repetitions: 5, warmUp: 2 });
    const gigaflop = await gigaflopOf(field);
    return timings.map(({ id, name, rounds: times }) => ({
      ...{ id, name },
      gigaflopPerSecond: (1000 * gigaflop!) / Math.min(...times.flat()),
    }));
  } finally {
    await field.close();
  }
}

/** Nothing where PyTorch is not there to count. */
async function distancesOf(
  chosen: Case,
  gigaflopPerSecond: number,
  options: BenchOptions,
): Promise<Distance[]> {
  const gigaflop = await count(chosen, options);
  if (gigaflop === undefined) return [];
  const { timings } = await compare('train', { chosen, peers: PEERS }, options);
  return [{ case: chosen, gigaflop, floorMs: (1000 * gigaflop) / gigaflopPerSecond, measured: timings }];
}

async function count(chosen: Case, { threads, scratch }: BenchOptions): Promise<number | undefined> {
  const problem = await problemIn(scratch, chosen);
  const field = await Field.open(peersNamed('eager'), { task: 'count', threads, problem });
  try {
    return await gigaflopOf(field);
  } finally {
    await field.close();
  }
}

async function gigaflopOf(field: Field): Promise<number | undefined> {
  let gigaflop: number | undefined;
  await field.each(async (competitor) => {
    gigaflop ??= (await competitor.repeat(1)).gigaflop;
  });
  return gigaflop;
}

function rowsOf({ case: chosen, gigaflop, floorMs, measured }: Distance): string[][] {
  return measured.map(({ name, medianMs }) => [
    describeCase(chosen),
    gigaflop.toFixed(1),
    floorMs.toFixed(0),
    name,
    medianMs.toFixed(0),
    (medianMs / floorMs).toFixed(2),
  ]);
}
