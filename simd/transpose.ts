import { BYTES_PER_FLOAT, LANES } from './layout';

/** `target [columns, rows]` of `source [rows, columns]`, in squares of a vector; what is left of them one by one. */
export function transpose(source: usize, rows: u32, columns: u32, target: usize): void {
  const wholeRows = rows - (rows % LANES);
  const wholeColumns = columns - (columns % LANES);
  for (let row: u32 = 0; row < wholeRows; row += LANES) {
    for (let column: u32 = 0; column < wholeColumns; column += LANES) {
      transposeSquare(
        source + (row * columns + column) * BYTES_PER_FLOAT,
        columns * BYTES_PER_FLOAT,
        target + (column * rows + row) * BYTES_PER_FLOAT,
        rows * BYTES_PER_FLOAT,
      );
    }
    transposeOneByOne(source, rows, columns, target, row, row + LANES, wholeColumns);
  }
  transposeOneByOne(source, rows, columns, target, wholeRows, rows, 0);
}

function transposeSquare(source: usize, sourceStep: u32, target: usize, targetStep: u32): void {
  const a = v128.load(source);
  const b = v128.load(source + sourceStep);
  const c = v128.load(source + 2 * sourceStep);
  const d = v128.load(source + 3 * sourceStep);
  const abLow = i32x4.shuffle(a, b, 0, 4, 1, 5);
  const abHigh = i32x4.shuffle(a, b, 2, 6, 3, 7);
  const cdLow = i32x4.shuffle(c, d, 0, 4, 1, 5);
  const cdHigh = i32x4.shuffle(c, d, 2, 6, 3, 7);
  v128.store(target, i64x2.shuffle(abLow, cdLow, 0, 2));
  v128.store(target + targetStep, i64x2.shuffle(abLow, cdLow, 1, 3));
  v128.store(target + 2 * targetStep, i64x2.shuffle(abHigh, cdHigh, 0, 2));
  v128.store(target + 3 * targetStep, i64x2.shuffle(abHigh, cdHigh, 1, 3));
}

/** Some rows, from a column on. */
function transposeOneByOne(
  source: usize,
  rows: u32,
  columns: u32,
  target: usize,
  firstRow: u32,
  endRow: u32,
  firstColumn: u32,
): void {
  for (let row = firstRow; row < endRow; row++) {
    for (let column = firstColumn; column < columns; column++) {
      const value = load<f32>(source + (row * columns + column) * BYTES_PER_FLOAT);
      store<f32>(target + (column * rows + row) * BYTES_PER_FLOAT, value);
    }
  }
}
