/** Side of the blocks, in pixels, that a wide blur averages before it smooths. */
const BLOCK_PX = 4;

/**
 * A wide blur of a square map: block means, two passes of a moving average each way (a good stand-in for a Gaussian
 * of `sigmaPx`), and linear interpolation back. The border's values continue outwards.
 */
export function wideBlur(values: Float32Array, size: number, sigmaPx: number): Float32Array {
  const blocks = Math.ceil(size / BLOCK_PX);
  let coarse = blockMeans(values, size, blocks);
  // Two boxes of width w have the variance (w^2 - 1) / 6.
  const width = Math.sqrt(6 * (sigmaPx / BLOCK_PX) ** 2 + 1);
  const reach = Math.max(1, Math.round((width - 1) / 2));
  for (let pass = 0; pass < 4; pass++) coarse = averageRowsTransposed(coarse, blocks, reach);
  return enlarge(coarse, blocks, size, BLOCK_PX);
}

function blockMeans(values: Float32Array, size: number, blocks: number): Float32Array {
  const means = new Float32Array(blocks * blocks);
  for (let block = 0; block < means.length; block++) {
    const top = Math.floor(block / blocks) * BLOCK_PX;
    const left = (block % blocks) * BLOCK_PX;
    const [bottom, right] = [Math.min(top + BLOCK_PX, size), Math.min(left + BLOCK_PX, size)];
    let sum = 0;
    for (let row = top; row < bottom; row++) {
      for (let column = left; column < right; column++) sum += values[row * size + column] as number;
    }
    means[block] = sum / ((bottom - top) * (right - left));
  }
  return means;
}

/** Moving average along rows; rows become columns, so that two passes treat both directions. */
function averageRowsTransposed(values: Float32Array, size: number, reach: number): Float32Array {
  const averaged = new Float32Array(values.length);
  const last = size - 1;
  const scale = 1 / (2 * reach + 1);
  for (let row = 0; row < size; row++) {
    const at = (column: number): number => values[row * size + Math.min(Math.max(column, 0), last)] as number;
    let sum = 0;
    for (let column = -reach; column <= reach; column++) sum += at(column);
    for (let column = 0; column < size; column++) {
      averaged[column * size + row] = sum * scale;
      sum += at(column + reach + 1) - at(column - reach);
    }
  }
  return averaged;
}

/** Linear interpolation of a coarse square grid whose cells are `cellPx` wide. */
export function enlarge(coarse: Float32Array, cells: number, size: number, cellPx: number): Float32Array {
  const fine = new Float32Array(size * size);
  const line = new Float32Array(cells);
  const lefts = new Int32Array(size);
  const shares = new Float32Array(size);
  for (let place = 0; place < size; place++) {
    const cell = Math.min(Math.max((place + 0.5) / cellPx - 0.5, 0), cells - 1);
    lefts[place] = Math.min(Math.floor(cell), cells - 2);
    shares[place] = cell - (lefts[place] as number);
  }
  for (let row = 0; row < size; row++) {
    const top = (lefts[row] as number) * cells;
    const below = shares[row] as number;
    for (let cell = 0; cell < cells; cell++) {
      const upper = coarse[top + cell] as number;
      line[cell] = upper + below * ((coarse[top + cells + cell] as number) - upper);
    }
    for (let column = 0; column < size; column++) {
      const left = lefts[column] as number;
      const value = line[left] as number;
      fine[row * size + column] = value + (shares[column] as number) * ((line[left + 1] as number) - value);
    }
  }
  return fine;
}
