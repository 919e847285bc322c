import { BYTES_PER_FLOAT, LANES } from './layout';

/**
 * The adjoint of a bilinear resize of `[batch, height, width, channels]`: each gradient goes, by its weights, to the
 * four pixels that it was mixed from. The place of an output is `(i + shift) scale - shift`; `line` is room for a row
 * of the input.
 */
export function resizeBilinearGrad(
  dy: usize,
  batch: u32,
  height: u32,
  width: u32,
  channels: u32,
  outHeight: u32,
  outWidth: u32,
  scaleY: f64,
  scaleX: f64,
  shift: f64,
  line: usize,
  dx: usize,
): void {
  const pixelBytes = channels * BYTES_PER_FLOAT;
  const lineBytes = width * pixelBytes;
  memory.fill(dx, 0, batch * height * lineBytes);
  for (let image: u32 = 0; image < batch; image++, dx += height * lineBytes) {
    for (let y: u32 = 0; y < outHeight; y++) {
      memory.fill(line, 0, lineBytes);
      for (let x: u32 = 0; x < outWidth; x++, dy += pixelBytes) {
        spread(dy, channels, placeOf(x, scaleX, shift), width, line);
      }
      spread(line, width * channels, placeOf(y, scaleY, shift), height, dx);
    }
  }
}

function placeOf(index: u32, scale: f64, shift: f64): f64 {
  return max<f64>(0, (<f64>index + shift) * scale - shift);
}

/** Adds `count` numbers, by their shares, to the two of the `size` runs of numbers at `target` that a place lies between. */
function spread(source: usize, count: u32, place: f64, size: u32, target: usize): void {
  const lower = min(size - 1, <u32>place);
  const upper = min(size - 1, lower + 1);
  const share = <f32>(place - <f64>lower);
  const bytes = count * BYTES_PER_FLOAT;
  addScaled(source, count, 1 - share, target + lower * bytes);
  if (share !== 0) addScaled(source, count, share, target + upper * bytes);
}

function addScaled(source: usize, count: u32, factor: f32, target: usize): void {
  const end = source + count * BYTES_PER_FLOAT;
  const wholeEnd = source + (count - (count % LANES)) * BYTES_PER_FLOAT;
  const factors = f32x4.splat(factor);
  for (; source < wholeEnd; source += 16, target += 16) {
    v128.store(target, f32x4.add(v128.load(target), f32x4.mul(v128.load(source), factors)));
  }
  for (; source < end; source += BYTES_PER_FLOAT, target += BYTES_PER_FLOAT) {
    store<f32>(target, load<f32>(target) + load<f32>(source) * factor);
  }
}
