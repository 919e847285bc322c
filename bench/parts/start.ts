import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fsxRun, ROOT, TINY } from '../../test/e2e/cli.ts';
import { problemIn } from '../harness/comparison.ts';
import type { Entrant } from '../harness/competitor.ts';
import { FSX, peersNamed } from '../harness/entrants.ts';
import { Field } from '../harness/field.ts';
import type { BenchOptions, Part } from '../harness/part.ts';
import { median } from '../harness/rounds.ts';
import { caseOf, describeCase } from '../problem/case.ts';

const RECIPE = 'recipes/chest-5shot.yaml';
const FIRST_STEP = ['training.logEvery=1', 'stages.0.steps=1000'].flatMap((setting) => ['--set', setting]);
/** The step of that recipe. */
const STEP = caseOf({ backbone: 'small', batch: 8, sizePx: 128 });
const TRIES = 5;

interface Wait {
  readonly what: string;
  /** Of each try. */
  readonly seconds: readonly number[];
}

export const start: Part = {
  title: 'Start',
  measure: async (options) => {
    const tries = options.quick ? 1 : TRIES;
    const recipe = options.quick ? TINY : join(ROOT, RECIPE);
    const measurements: Wait[] = [
      await waitFor('`fsx --help`', tries, async () => help()),
      await waitFor(`\`fsx run ${options.quick ? 'tiny.yaml' : RECIPE}\` to its first step`, tries, () =>
        firstStep(recipe, options.scratch),
      ),
      ...(await firstStepsWithoutData(tries, options)),
    ];
    const rows = measurements.map(({ what, seconds }) => [
      what,
      median(seconds).toFixed(2),
      Math.min(...seconds).toFixed(2),
      Math.max(...seconds).toFixed(2),
    ]);
    return {
      text:
        'Seconds from the start of a process. The last lines are the step alone, without any data to read: a process starts, makes the model, ' +
        'and does one step, compiling it where it compiles.',
      tables: [{ caption: 'Waiting', columns: ['for', 'median, s', 'least', 'most'], rows }],
      measurements,
    };
  },
};

async function waitFor(what: string, tries: number, once: () => Promise<void>): Promise<Wait> {
  console.error(what);
  const seconds: number[] = [];
  for (let attempt = 0; attempt < tries; attempt++) {
    const startMs = performance.now();
    await once();
    seconds.push((performance.now() - startMs) / 1000);
  }
  return { what, seconds };
}

function help(): void {
  const { status } = spawnSync(process.execPath, [join(ROOT, 'bin/run.js'), '--help'], { stdio: 'ignore' });
  if (status !== 0) throw new Error(`fsx --help ended with ${status}`);
}

/** Resolves when a run has told of its first step. The run ends with it. */
async function firstStep(recipe: string, scratch: string): Promise<void> {
  let happened = false;
  await fsxRun(recipe, join(scratch, 'runs'), FIRST_STEP, {
    onEvent: ({ kind }, child) => {
      if (kind !== 'progress') return;
      happened = true;
      child.kill('SIGKILL');
    },
  });
  if (!happened) throw new Error(`fsx run ${recipe} ended before its first step`);
}

/** torch.compile keeps what it has compiled on disk, but not in these processes. */
async function firstStepsWithoutData(tries: number, { quick, threads, scratch, peers }: BenchOptions) {
  const chosen = quick ? caseOf({ backbone: 'small', batch: 1, sizePx: 64 }) : STEP;
  const problem = await problemIn(scratch, chosen);
  const wanted = ['eager', ...(quick ? [] : ['compile'])].filter((id) => peers?.includes(id) ?? true);
  const waits: Wait[] = [];
  for (const entrant of [FSX, ...peersNamed(...wanted)]) {
    const once = () => firstStepOf(entrant, { task: 'train', threads, problem });
    waits.push(
      await waitFor(`${describeCase(chosen)}: ${entrant.id}`, entrant.id === 'compile' ? 1 : tries, once),
    );
  }
  return waits;
}

async function firstStepOf(entrant: Entrant, assignment: Parameters<typeof Field.open>[1]): Promise<void> {
  const field = await Field.open([entrant], assignment);
  await field.each(async (competitor) => {
    await competitor.repeat(1);
  });
  await field.close();
}
