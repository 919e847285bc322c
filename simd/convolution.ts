import { BYTES_PER_FLOAT } from './layout';

/**
 * Puts images with rows of `rowBytes` into larger ones with zeros around: `padTop` rows before and `padLeft` bytes at
 * the left.
 */
export function padImages(
  x: usize,
  images: i32,
  height: i32,
  rowBytes: i32,
  padTop: i32,
  padLeft: i32,
  paddedHeight: i32,
  paddedRowBytes: i32,
  out: usize,
): void {
  memory.fill(out, 0, images * paddedHeight * paddedRowBytes);
  for (let image = 0; image < images; image++) {
    let target = out + (image * paddedHeight + padTop) * paddedRowBytes + padLeft;
    for (let row = 0; row < height; row++, x += rowBytes, target += paddedRowBytes) {
      memory.copy(target, x, rowBytes);
    }
  }
}

/**
 * `out[pixel, output] = sum over taps and inputs of x[pixel at tap, input] filter[tap, input, output]`, for x that is
 * padded already. Four pixels of a row by eight (or four) outputs stay in registers; pixels beyond the row repeat the
 * first and are not stored, nor are outputs beyond the filter's. `panels` is room for the filter with its outputs
 * rounded up to whole vectors.
 */
export function convolve(
  x: usize,
  filter: usize,
  out: usize,
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
  panels: usize,
): void {
  const pixelBytes = inChannels * BYTES_PER_FLOAT;
  const xRow = inWidth * pixelBytes;
  const xStep = strideX * pixelBytes;
  const filterRow = filterWidth * inChannels;
  const outStep = outChannels * BYTES_PER_FLOAT;
  const panelStep = filterHeight * filterRow * BYTES_PER_FLOAT;
  packPanels(filter, filterHeight * filterRow, outChannels, panels);
  for (let image = 0; image < batch; image++) {
    for (let y = 0; y < outHeight; y++) {
      const seenRow = x + (image * inHeight + y * strideY) * xRow;
      const outRow = out + (image * outHeight + y) * outWidth * outStep;
      for (let column = 0; column < outWidth; column += 4) {
        const seen = seenRow + column * xStep;
        const target = outRow + column * outStep;
        const pixels = min(4, outWidth - column);
        for (let output = 0; output < outChannels; output += 8) {
          const panel = panels + output * panelStep;
          const place = target + output * BYTES_PER_FLOAT;
          const outputs = outChannels - output;
          if (outputs > 4)
            convolve8(seen, xStep, xRow, pixels, panel, filterHeight, filterRow, place, outStep, outputs);
          else convolve4(seen, xStep, xRow, pixels, panel, filterHeight, filterRow, place, outStep, outputs);
        }
      }
    }
  }
}

/** `filter [rows, outputs]` as panels of eight columns, and one of four if no more are left, with zeros beyond. */
function packPanels(filter: usize, rows: i32, outputs: i32, panels: usize): void {
  const step = outputs * BYTES_PER_FLOAT;
  for (let output = 0; output < outputs; output += 8) {
    const width = outputs - output > 4 ? 8 : 4;
    const columns = min(width, outputs - output);
    let source = filter + output * BYTES_PER_FLOAT;
    for (let row = 0; row < rows; row++, source += step, panels += width * BYTES_PER_FLOAT) {
      if (columns === 8) {
        v128.store(panels, v128.load(source));
        v128.store(panels, v128.load(source, 16), 16);
        continue;
      }
      for (let column = 0; column < width; column++) {
        const at = column * BYTES_PER_FLOAT;
        store<f32>(panels + at, column < columns ? load<f32>(source + at) : 0);
      }
    }
  }
}

/** Four pixels by eight outputs. */
function convolve8(
  x: usize,
  xStep: i32,
  xRow: i32,
  pixels: i32,
  panel: usize,
  rows: i32,
  length: i32,
  out: usize,
  outStep: i32,
  outputs: i32,
): void {
  let a0 = f32x4.splat(0);
  let b0 = a0;
  let a1 = a0;
  let b1 = a0;
  let a2 = a0;
  let b2 = a0;
  let a3 = a0;
  let b3 = a0;
  for (let row = 0; row < rows; row++, x += xRow) {
    let x0 = x;
    let x1 = pixels > 1 ? x + xStep : x;
    let x2 = pixels > 2 ? x + 2 * xStep : x;
    let x3 = pixels > 3 ? x + 3 * xStep : x;
    for (let i = 0; i < length; i++) {
      const a = v128.load(panel);
      const b = v128.load(panel, 16);
      const v0 = v128.load32_splat(x0);
      a0 = f32x4.add(a0, f32x4.mul(v0, a));
      b0 = f32x4.add(b0, f32x4.mul(v0, b));
      const v1 = v128.load32_splat(x1);
      a1 = f32x4.add(a1, f32x4.mul(v1, a));
      b1 = f32x4.add(b1, f32x4.mul(v1, b));
      const v2 = v128.load32_splat(x2);
      a2 = f32x4.add(a2, f32x4.mul(v2, a));
      b2 = f32x4.add(b2, f32x4.mul(v2, b));
      const v3 = v128.load32_splat(x3);
      a3 = f32x4.add(a3, f32x4.mul(v3, a));
      b3 = f32x4.add(b3, f32x4.mul(v3, b));
      panel += 32;
      x0 += BYTES_PER_FLOAT;
      x1 += BYTES_PER_FLOAT;
      x2 += BYTES_PER_FLOAT;
      x3 += BYTES_PER_FLOAT;
    }
  }
  storePixels(out, outStep, pixels, a0, a1, a2, a3, outputs);
  storePixels(out + 16, outStep, pixels, b0, b1, b2, b3, outputs - 4);
}

/** Four pixels by four outputs. */
function convolve4(
  x: usize,
  xStep: i32,
  xRow: i32,
  pixels: i32,
  panel: usize,
  rows: i32,
  length: i32,
  out: usize,
  outStep: i32,
  outputs: i32,
): void {
  let a0 = f32x4.splat(0);
  let a1 = a0;
  let a2 = a0;
  let a3 = a0;
  for (let row = 0; row < rows; row++, x += xRow) {
    let x0 = x;
    let x1 = pixels > 1 ? x + xStep : x;
    let x2 = pixels > 2 ? x + 2 * xStep : x;
    let x3 = pixels > 3 ? x + 3 * xStep : x;
    for (let i = 0; i < length; i++) {
      const a = v128.load(panel);
      a0 = f32x4.add(a0, f32x4.mul(v128.load32_splat(x0), a));
      a1 = f32x4.add(a1, f32x4.mul(v128.load32_splat(x1), a));
      a2 = f32x4.add(a2, f32x4.mul(v128.load32_splat(x2), a));
      a3 = f32x4.add(a3, f32x4.mul(v128.load32_splat(x3), a));
      panel += 16;
      x0 += BYTES_PER_FLOAT;
      x1 += BYTES_PER_FLOAT;
      x2 += BYTES_PER_FLOAT;
      x3 += BYTES_PER_FLOAT;
    }
  }
  storePixels(out, outStep, pixels, a0, a1, a2, a3, outputs);
}

/** Stores the pixels that there are, a step apart, each with as many of its four channels as there are. */
function storePixels(
  out: usize,
  step: i32,
  pixels: i32,
  first: v128,
  second: v128,
  third: v128,
  fourth: v128,
  channels: i32,
): void {
  storeChannels(out, first, channels);
  if (pixels > 1) storeChannels(out + step, second, channels);
  if (pixels > 2) storeChannels(out + 2 * step, third, channels);
  if (pixels > 3) storeChannels(out + 3 * step, fourth, channels);
}

function storeChannels(out: usize, values: v128, channels: i32): void {
  if (channels >= 4) {
    v128.store(out, values);
    return;
  }
  if (channels > 0) v128.store32_lane(out, values, 0);
  if (channels > 1) v128.store32_lane(out, values, 1, 4);
  if (channels > 2) v128.store32_lane(out, values, 2, 8);
}
