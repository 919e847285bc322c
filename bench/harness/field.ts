import { Competitor, type Entrant, LeftOut, type Task } from './competitor.ts';
import { FSX } from './entrants.ts';

const HINT = `The peers need PyTorch and ONNX Runtime, in the Python that FSX_BENCH_PYTHON names (default python3):
  python3 -m venv .venv && .venv/bin/pip install torch safetensors numpy onnx onnxscript onnxruntime
  FSX_BENCH_PYTHON=.venv/bin/python npm run bench`;

/** What all that are compared are told to do. */
export interface Assignment {
  readonly task: Task;
  readonly threads: number;
  /** The file of the problem; none for tasks without one. */
  readonly problem?: string;
}

/** All that take part in a comparison, fsx first. A peer that is not there or breaks off is left out from then on, and said so. */
export class Field {
  #competitors: Competitor[] = [];

  static async open(entrants: readonly Entrant[], { task, threads, problem }: Assignment): Promise<Field> {
    const field = new Field();
    for (const entrant of entrants) {
      await orLeaveOut(entrant.id, async () => {
        const paths = problem === undefined ? [] : [problem];
        field.#competitors.push(await Competitor.open(entrant, task, threads, ...paths));
      });
    }
    return field;
  }

  /** Who is still there. */
  get competitors(): readonly Competitor[] {
    return this.#competitors;
  }

  /** One after the other. @param first whose turn it is first, by position. */
  async each(work: (competitor: Competitor) => Promise<void>, first = 0): Promise<void> {
    const all = [...this.#competitors];
    for (const turn of all.keys()) {
      const competitor = all[(turn + first) % all.length]!;
      const stays = await orLeaveOut(competitor.id, () => work(competitor));
      if (!stays) this.#competitors = this.#competitors.filter(({ id }) => id !== competitor.id);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#competitors.map((competitor) => competitor.close()));
  }
}

/** @returns false for a peer that was left out. */
async function orLeaveOut(id: string, work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (!(error instanceof LeftOut) || id === FSX.id) throw error;
    console.error(`LEFT OUT: ${error.message}\n${HINT}`);
    return false;
  }
}
