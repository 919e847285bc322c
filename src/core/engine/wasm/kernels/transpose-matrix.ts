/** Side of the square blocks that are turned at once, so that rows and columns both stay in cache. */
const BLOCK = 32;

/** Writes `source [rows, columns]` from `sourceStart` as `target [columns, rows]` from `targetStart`. */
export function transposeMatrix(
  source: Float32Array,
  sourceStart: number,
  [rows, columns]: readonly [number, number],
  target: Float32Array,
  targetStart: number,
): void {
  for (let top = 0; top < rows; top += BLOCK) {
    const bottom = Math.min(rows, top + BLOCK);
    for (let left = 0; left < columns; left += BLOCK) {
      const right = Math.min(columns, left + BLOCK);
      for (let row = top; row < bottom; row++) {
        const from = sourceStart + row * columns;
        for (let column = left; column < right; column++) {
          target[targetStart + column * rows + row] = source[from + column] as number;
        }
      }
    }
  }
}
