import { BYTES_PER_FLOAT } from './layout';

/** About how many bytes of x and dy are gone through at once, so that they stay in cache. */
const TILE_BYTES: i32 = 32768;

/**
 * `out [filterHeight, filterWidth, inChannels, outChannels]`: the products of x, as each tap of the filter sees it, with
 * dy. `sums` is room for the same with both numbers of channels rounded up to whole vectors, or `out` itself where they
 * are whole.
 */
export function filterGradient(
  x: usize,
  dy: usize,
  batch: i32,
  inHeight: i32,
  inWidth: i32,
  inChannels: i32,
  outHeight: i32,
  outWidth: i32,
  outChannels: i32,
  filterHeight: i32,
  filterWidth: i32,
  strideY: i32,
  strideX: i32,
  padTop: i32,
  padLeft: i32,
  sums: usize,
  out: usize,
): void {
  const inputs = wholeVectors(inChannels);
  const outputs = wholeVectors(outChannels);
  const sumsRow = outputs * BYTES_PER_FLOAT;
  memory.fill(sums, 0, filterHeight * filterWidth * inputs * sumsRow);
  const xStep = strideX * inChannels * BYTES_PER_FLOAT;
  const xRow = inWidth * inChannels * BYTES_PER_FLOAT;
  const dyStep = outChannels * BYTES_PER_FLOAT;
  const dyRow = outWidth * dyStep;
  const together = max(1, TILE_BYTES / (strideY * xRow + dyRow));
  for (let image = 0; image < batch; image++) {
    for (let top = 0; top < outHeight; top += together) {
      for (let row = 0; row < filterHeight; row++) {
        const firstY = max(top, firstInside(padTop - row, strideY));
        const endY = min(min(outHeight, top + together), endInside(inHeight, padTop - row, strideY));
        for (let column = 0; column < filterWidth; column++) {
          const firstX = firstInside(padLeft - column, strideX);
          const endX = min(outWidth, endInside(inWidth, padLeft - column, strideX));
          if (firstY >= endY || firstX >= endX) continue;
          const seenY = image * inHeight + firstY * strideY + row - padTop;
          const seenX = firstX * strideX + column - padLeft;
          const seen = x + seenY * xRow + seenX * inChannels * BYTES_PER_FLOAT;
          const given = dy + (image * outHeight + firstY) * dyRow + firstX * dyStep;
          const tap = sums + (row * filterWidth + column) * inputs * sumsRow;
          addTap(
            seen,
            given,
            endY - firstY,
            endX - firstX,
            strideY * xRow,
            xStep,
            dyRow,
            dyStep,
            tap,
            inputs,
            outputs,
          );
        }
      }
    }
  }
  if (sums !== out)
    copyChannels(sums, filterHeight * filterWidth, inputs, outputs, out, inChannels, outChannels);
}

function wholeVectors(channels: i32): i32 {
  return (channels + 3) & ~3;
}

function copyChannels(
  sums: usize,
  taps: i32,
  inputs: i32,
  outputs: i32,
  out: usize,
  inChannels: i32,
  outChannels: i32,
): void {
  const bytes = outChannels * BYTES_PER_FLOAT;
  for (let tap = 0; tap < taps; tap++) {
    for (let input = 0; input < inChannels; input++, out += bytes) {
      memory.copy(out, sums + (tap * inputs + input) * outputs * BYTES_PER_FLOAT, bytes);
    }
  }
}

/** `sums [inputs, outputs] += x^T dy` over a box of pixels. */
function addTap(
  x: usize,
  dy: usize,
  rows: i32,
  columns: i32,
  xRow: i32,
  xStep: i32,
  dyRow: i32,
  dyStep: i32,
  sums: usize,
  inputs: i32,
  outputs: i32,
): void {
  const sumsRow = outputs * BYTES_PER_FLOAT;
  for (let input = 0; input < inputs; input += 4) {
    const seen = x + input * BYTES_PER_FLOAT;
    for (let output = 0; output < outputs; output += 8) {
      const given = dy + output * BYTES_PER_FLOAT;
      const block = sums + input * sumsRow + output * BYTES_PER_FLOAT;
      if (output + 4 < outputs)
        addBlockOf8(seen, given, rows, columns, xRow, xStep, dyRow, dyStep, block, sumsRow);
      else addBlockOf4(seen, given, rows, columns, xRow, xStep, dyRow, dyStep, block, sumsRow);
    }
  }
}

/** The first output whose tap, `before` pixels ahead of its stride, lies inside the input. */
function firstInside(before: i32, stride: i32): i32 {
  return max(0, (before + stride - 1) / stride);
}

function endInside(size: i32, before: i32, stride: i32): i32 {
  const last = size - 1 + before;
  return last < 0 ? 0 : last / stride + 1;
}

/**
 * `sums [4, 8] += x^T dy` over a box of pixels, in registers. Channels beyond the tensors' are what comes next in memory.
 */
function addBlockOf8(
  x: usize,
  dy: usize,
  rows: i32,
  columns: i32,
  xRow: i32,
  xStep: i32,
  dyRow: i32,
  dyStep: i32,
  sums: usize,
  sumsRow: usize,
): void {
  const sums1 = sums + sumsRow;
  const sums2 = sums1 + sumsRow;
  const sums3 = sums2 + sumsRow;
  let a0 = v128.load(sums);
  let b0 = v128.load(sums, 16);
  let a1 = v128.load(sums1);
  let b1 = v128.load(sums1, 16);
  let a2 = v128.load(sums2);
  let b2 = v128.load(sums2, 16);
  let a3 = v128.load(sums3);
  let b3 = v128.load(sums3, 16);
  for (let row = 0; row < rows; row++, x += xRow, dy += dyRow) {
    let seen = x;
    let given = dy;
    for (let column = 0; column < columns; column++, seen += xStep, given += dyStep) {
      const a = v128.load(given);
      const b = v128.load(given, 16);
      const x0 = v128.load32_splat(seen);
      a0 = f32x4.add(a0, f32x4.mul(x0, a));
      b0 = f32x4.add(b0, f32x4.mul(x0, b));
      const x1 = v128.load32_splat(seen, 4);
      a1 = f32x4.add(a1, f32x4.mul(x1, a));
      b1 = f32x4.add(b1, f32x4.mul(x1, b));
      const x2 = v128.load32_splat(seen, 8);
      a2 = f32x4.add(a2, f32x4.mul(x2, a));
      b2 = f32x4.add(b2, f32x4.mul(x2, b));
      const x3 = v128.load32_splat(seen, 12);
      a3 = f32x4.add(a3, f32x4.mul(x3, a));
      b3 = f32x4.add(b3, f32x4.mul(x3, b));
    }
  }
  v128.store(sums, a0);
  v128.store(sums, b0, 16);
  v128.store(sums1, a1);
  v128.store(sums1, b1, 16);
  v128.store(sums2, a2);
  v128.store(sums2, b2, 16);
  v128.store(sums3, a3);
  v128.store(sums3, b3, 16);
}

/** `sums [4, 4] += x^T dy` over a box of pixels. */
function addBlockOf4(
  x: usize,
  dy: usize,
  rows: i32,
  columns: i32,
  xRow: i32,
  xStep: i32,
  dyRow: i32,
  dyStep: i32,
  sums: usize,
  sumsRow: usize,
): void {
  const sums1 = sums + sumsRow;
  const sums2 = sums1 + sumsRow;
  const sums3 = sums2 + sumsRow;
  let a0 = v128.load(sums);
  let a1 = v128.load(sums1);
  let a2 = v128.load(sums2);
  let a3 = v128.load(sums3);
  for (let row = 0; row < rows; row++, x += xRow, dy += dyRow) {
    let seen = x;
    let given = dy;
    for (let column = 0; column < columns; column++, seen += xStep, given += dyStep) {
      const a = v128.load(given);
      a0 = f32x4.add(a0, f32x4.mul(v128.load32_splat(seen), a));
      a1 = f32x4.add(a1, f32x4.mul(v128.load32_splat(seen, 4), a));
      a2 = f32x4.add(a2, f32x4.mul(v128.load32_splat(seen, 8), a));
      a3 = f32x4.add(a3, f32x4.mul(v128.load32_splat(seen, 12), a));
    }
  }
  v128.store(sums, a0);
  v128.store(sums1, a1);
  v128.store(sums2, a2);
  v128.store(sums3, a3);
}
