import type { Random } from '../../../core/random.ts';
import { enlarge } from './smoothing.ts';

const ENTRY_BITS = 12;
const ENTRIES = 1 << ENTRY_BITS;

/**
 * Many normal numbers from a few draws: each is the sum of two entries of a table, read at places that drift apart, so
 * that no pattern repeats within a film.
 */
export class NormalTable {
  readonly #table = new Float32Array(ENTRIES);
  readonly #stride: number;

  constructor(random: Random) {
    for (let i = 0; i < ENTRIES; i++) this.#table[i] = random.normal(0, Math.SQRT1_2);
    this.#stride = 2 * random.integer(50, 1500) + 1;
  }

  /** Standard normal; the same for the same index. */
  at(index: number): number {
    const turn = index >> ENTRY_BITS;
    const first = (index + turn * 577) & (ENTRIES - 1);
    const second = (index * 7 + turn * this.#stride + 31) & (ENTRIES - 1);
    return (this.#table[first] as number) + (this.#table[second] as number);
  }
}

/** A smooth pattern over a square film of `size` pixels: normals of `strength` on a grid of `cell` pixels, interpolated. */
export function noiseLayer(size: number, cell: number, strength: number, normals: NormalTable): Float32Array {
  const cellPx = Math.max(1, cell);
  const cells = Math.ceil(size / cellPx) + 1;
  const grid = new Float32Array(cells * cells);
  for (let i = 0; i < grid.length; i++) grid[i] = strength * normals.at(i);
  return enlarge(grid, cells, size, cellPx);
}
