import { BYTES_PER_FLOAT, LANES, rowsAtOnce } from './layout';

/*
 * A tensor `[.., channels]` of `count` numbers is read as `[rows, period]`, where the period repeats the channels until
 * they fill whole vectors; what is left of an incomplete last row is done one by one. Sums are float64.
 */

/** Normalises by the mean and biased variance of each channel; `variance` is the unbiased one, `inverse` 1 / deviation. */
export function batchNorm(
  x: usize,
  count: u32,
  channels: u32,
  period: u32,
  scale: usize,
  offset: usize,
  epsilon: f64,
  y: usize,
  mean: usize,
  variance: usize,
  inverse: usize,
  scratch: usize,
): void {
  const sums = scratch;
  const squares = sums + 8 * period;
  const means = squares + 8 * period;
  const factors = means + BYTES_PER_FLOAT * period;
  const offsets = factors + BYTES_PER_FLOAT * period;
  memory.fill(sums, 0, 16 * period);
  addMoments(x, count, period, sums, squares);
  const rows = <f64>(count / channels);
  for (let channel: u32 = 0; channel < channels; channel++) {
    const at = channel * BYTES_PER_FLOAT;
    const channelMean = channelSum(sums, channel, channels, period) / rows;
    const meanSquare = channelSum(squares, channel, channels, period) / rows;
    const biased = max<f64>(0, meanSquare - channelMean * channelMean);
    const channelInverse = 1 / Math.sqrt(biased + epsilon);
    store<f32>(mean + at, <f32>channelMean);
    store<f32>(variance + at, <f32>((biased * rows) / max<f64>(1, rows - 1)));
    store<f32>(inverse + at, <f32>channelInverse);
    store<f32>(means + at, <f32>channelMean);
    store<f32>(factors + at, <f32>(channelInverse * load<f32>(scale + at)));
    store<f32>(offsets + at, load<f32>(offset + at));
  }
  for (let array = means; array <= offsets; array += BYTES_PER_FLOAT * period) {
    repeat(array, channels, period);
  }
  normalize(x, count, period, means, factors, offsets, y);
}

/** Ioffe & Szegedy 2015, section 3, written as `dx = a dy + b (x - mean) + c` with three numbers a channel. */
export function batchNormGrad(
  dy: usize,
  x: usize,
  count: u32,
  channels: u32,
  period: u32,
  scale: usize,
  mean: usize,
  inverse: usize,
  dx: usize,
  dScale: usize,
  dOffset: usize,
  scratch: usize,
): void {
  const sums = scratch;
  const products = sums + 8 * period;
  const means = products + 8 * period;
  const dyFactors = means + BYTES_PER_FLOAT * period;
  const xFactors = dyFactors + BYTES_PER_FLOAT * period;
  const shifts = xFactors + BYTES_PER_FLOAT * period;
  memory.fill(sums, 0, 16 * period);
  memory.copy(means, mean, channels * BYTES_PER_FLOAT);
  repeat(means, channels, period);
  addGradientSums(dy, x, count, period, means, sums, products);
  const rows = <f64>(count / channels);
  for (let channel: u32 = 0; channel < channels; channel++) {
    const at = channel * BYTES_PER_FLOAT;
    const channelInverse = <f64>load<f32>(inverse + at);
    const factor = channelInverse * load<f32>(scale + at);
    const sum = channelSum(sums, channel, channels, period);
    const product = channelSum(products, channel, channels, period) * channelInverse;
    store<f32>(dScale + at, <f32>product);
    store<f32>(dOffset + at, <f32>sum);
    store<f32>(dyFactors + at, <f32>factor);
    store<f32>(xFactors + at, <f32>((-factor * product * channelInverse) / rows));
    store<f32>(shifts + at, <f32>((-factor * sum) / rows));
  }
  for (let array = dyFactors; array <= shifts; array += BYTES_PER_FLOAT * period) {
    repeat(array, channels, period);
  }
  combineGradient(dy, x, count, period, means, dyFactors, xFactors, shifts, dx);
}

/** Fills an array of a period with its first numbers, one for each channel. */
function repeat(array: usize, channels: u32, period: u32): void {
  const bytes = channels * BYTES_PER_FLOAT;
  for (let at = bytes; at < period * BYTES_PER_FLOAT; at += bytes) memory.copy(array + at, array, bytes);
}

function channelSum(sums: usize, channel: u32, channels: u32, period: u32): f64 {
  let sum: f64 = 0;
  for (let column = channel; column < period; column += channels) sum += load<f64>(sums + 8 * column);
  return sum;
}

/** Adds the columns of x to `sums`, and their squares to `squares`. */
function addMoments(x: usize, count: u32, period: u32, sums: usize, squares: usize): void {
  const rows = count / period;
  const stride = period * BYTES_PER_FLOAT;
  const together = rowsAtOnce(period);
  for (let first: u32 = 0; first < rows; first += together) {
    const end = min(rows, first + together);
    for (let column: u32 = 0; column < period; column += LANES) {
      const sum = sums + 8 * column;
      const square = squares + 8 * column;
      let sumLow = v128.load(sum);
      let sumHigh = v128.load(sum, 16);
      let squareLow = v128.load(square);
      let squareHigh = v128.load(square, 16);
      let source = x + first * stride + column * BYTES_PER_FLOAT;
      for (let row = first; row < end; row++, source += stride) {
        const values = v128.load(source);
        const low = f64x2.promote_low_f32x4(values);
        const high = f64x2.promote_low_f32x4(highHalf(values));
        sumLow = f64x2.add(sumLow, low);
        sumHigh = f64x2.add(sumHigh, high);
        squareLow = f64x2.add(squareLow, f64x2.mul(low, low));
        squareHigh = f64x2.add(squareHigh, f64x2.mul(high, high));
      }
      v128.store(sum, sumLow);
      v128.store(sum, sumHigh, 16);
      v128.store(square, squareLow);
      v128.store(square, squareHigh, 16);
    }
  }
  for (let i = rows * period, column: u32 = 0; i < count; i++, column++) {
    const value = <f64>load<f32>(x + i * BYTES_PER_FLOAT);
    add(sums, column, value);
    add(squares, column, value * value);
  }
}

/** `y = (x - mean) factor + offset`. */
function normalize(
  x: usize,
  count: u32,
  period: u32,
  mean: usize,
  factor: usize,
  offset: usize,
  y: usize,
): void {
  const rows = count / period;
  const stride = period * BYTES_PER_FLOAT;
  const together = rowsAtOnce(period);
  for (let first: u32 = 0; first < rows; first += together) {
    const end = min(rows, first + together);
    for (let start: u32 = 0; start < stride; start += LANES * BYTES_PER_FLOAT) {
      const m = v128.load(mean + start);
      const f = v128.load(factor + start);
      const o = v128.load(offset + start);
      let at = first * stride + start;
      for (let row = first; row < end; row++, at += stride) {
        v128.store(y + at, f32x4.add(f32x4.mul(f32x4.sub(v128.load(x + at), m), f), o));
      }
    }
  }
  for (let at = rows * stride, start: u32 = 0; at < count * BYTES_PER_FLOAT; ) {
    const centered = load<f32>(x + at) - load<f32>(mean + start);
    store<f32>(y + at, centered * load<f32>(factor + start) + load<f32>(offset + start));
    at += BYTES_PER_FLOAT;
    start += BYTES_PER_FLOAT;
  }
}

/** Adds the columns of dy to `sums`, and those of `dy (x - mean)` to `products`. */
function addGradientSums(
  dy: usize,
  x: usize,
  count: u32,
  period: u32,
  mean: usize,
  sums: usize,
  products: usize,
): void {
  const rows = count / period;
  const stride = period * BYTES_PER_FLOAT;
  const together = rowsAtOnce(period);
  for (let first: u32 = 0; first < rows; first += together) {
    const end = min(rows, first + together);
    for (let column: u32 = 0; column < period; column += LANES) {
      const sum = sums + 8 * column;
      const product = products + 8 * column;
      const m = v128.load(mean + column * BYTES_PER_FLOAT);
      let sumLow = v128.load(sum);
      let sumHigh = v128.load(sum, 16);
      let productLow = v128.load(product);
      let productHigh = v128.load(product, 16);
      let at = first * stride + column * BYTES_PER_FLOAT;
      for (let row = first; row < end; row++, at += stride) {
        const gradient = v128.load(dy + at);
        const centered = f32x4.sub(v128.load(x + at), m);
        const low = f64x2.promote_low_f32x4(gradient);
        const high = f64x2.promote_low_f32x4(highHalf(gradient));
        sumLow = f64x2.add(sumLow, low);
        sumHigh = f64x2.add(sumHigh, high);
        productLow = f64x2.add(productLow, f64x2.mul(low, f64x2.promote_low_f32x4(centered)));
        productHigh = f64x2.add(productHigh, f64x2.mul(high, f64x2.promote_low_f32x4(highHalf(centered))));
      }
      v128.store(sum, sumLow);
      v128.store(sum, sumHigh, 16);
      v128.store(product, productLow);
      v128.store(product, productHigh, 16);
    }
  }
  for (let i = rows * period, column: u32 = 0; i < count; i++, column++) {
    const gradient = <f64>load<f32>(dy + i * BYTES_PER_FLOAT);
    const centered = load<f32>(x + i * BYTES_PER_FLOAT) - load<f32>(mean + column * BYTES_PER_FLOAT);
    add(sums, column, gradient);
    add(products, column, gradient * <f64>centered);
  }
}

/** `dx = dy dyFactor + (x - mean) xFactor + shift`. */
function combineGradient(
  dy: usize,
  x: usize,
  count: u32,
  period: u32,
  mean: usize,
  dyFactor: usize,
  xFactor: usize,
  shift: usize,
  dx: usize,
): void {
  const rows = count / period;
  const stride = period * BYTES_PER_FLOAT;
  const together = rowsAtOnce(period);
  for (let first: u32 = 0; first < rows; first += together) {
    const end = min(rows, first + together);
    for (let start: u32 = 0; start < stride; start += LANES * BYTES_PER_FLOAT) {
      const m = v128.load(mean + start);
      const df = v128.load(dyFactor + start);
      const xf = v128.load(xFactor + start);
      const s = v128.load(shift + start);
      let at = first * stride + start;
      for (let row = first; row < end; row++, at += stride) {
        const ofX = f32x4.add(f32x4.mul(f32x4.sub(v128.load(x + at), m), xf), s);
        v128.store(dx + at, f32x4.add(f32x4.mul(v128.load(dy + at), df), ofX));
      }
    }
  }
  for (let at = rows * stride, start: u32 = 0; at < count * BYTES_PER_FLOAT; ) {
    const centered = load<f32>(x + at) - load<f32>(mean + start);
    const ofX = centered * load<f32>(xFactor + start) + load<f32>(shift + start);
    store<f32>(dx + at, load<f32>(dy + at) * load<f32>(dyFactor + start) + ofX);
    at += BYTES_PER_FLOAT;
    start += BYTES_PER_FLOAT;
  }
}

function highHalf(values: v128): v128 {
  return i32x4.shuffle(values, values, 2, 3, 2, 3);
}

function add(sums: usize, column: u32, value: f64): void {
  store<f64>(sums + 8 * column, load<f64>(sums + 8 * column) + value);
}
