import { Type } from 'typebox';
import type { Augmentation } from '../../core/data/augmentation.ts';
import { definePlugin } from '../../core/plugins/definition.ts';

const options = Type.Object(
  {
    amplitude: Type.Number({
      description: 'standard deviation of the field, in grey values of [0, 1]',
      default: 0.08,
      minimum: 0,
      maximum: 1,
    }),
    cells: Type.Integer({
      description: 'independent values of the field along each side',
      default: 4,
      minimum: 2,
      maximum: 32,
    }),
  },
  { additionalProperties: false },
);

export const biasField = definePlugin({
  kind: 'augmentation',
  type: 'bias-field',
  summary: 'adds a smooth field of brightness: normal values on a coarse grid, interpolated bilinearly',
  options,
  create({ amplitude, cells }): Augmentation {
    return {
      intensity({ width, height, pixels }, random) {
        const grid = Float32Array.from({ length: cells * cells }, () => random.normal(0, amplitude));
        const across = interpolation(width, cells);
        const down = interpolation(height, cells);
        const line = new Float32Array(cells);
        for (let y = 0, i = 0; y < height; y++) {
          blendRows(grid, cells, down.cell[y]!, down.weight[y]!, line);
          for (let x = 0; x < width; x++, i++) {
            const left = line[across.cell[x]!]!;
            pixels[i]! += left + across.weight[x]! * (line[across.cell[x]! + 1]! - left);
          }
        }
      },
    };
  },
});

/** For each pixel along a side: the grid cell before it, and the weight of the one after. Constant beyond the ends. */
function interpolation(pixels: number, cells: number): { cell: Uint8Array; weight: Float32Array } {
  const cell = new Uint8Array(pixels);
  const weight = new Float32Array(pixels);
  for (let i = 0; i < pixels; i++) {
    const place = Math.min(cells - 1, Math.max(0, ((i + 0.5) * cells) / pixels - 0.5));
    cell[i] = Math.min(cells - 2, Math.floor(place));
    weight[i] = place - cell[i]!;
  }
  return { cell, weight };
}

function blendRows(grid: Float32Array, cells: number, row: number, weight: number, line: Float32Array): void {
  for (let k = 0; k < cells; k++) {
    const upper = grid[row * cells + k]!;
    line[k] = upper + weight * (grid[(row + 1) * cells + k]! - upper);
  }
}
