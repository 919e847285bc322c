import { BYTES_PER_FLOAT, LANES } from './layout';

/** `dx = dy` where `y > 0`, else 0. */
export function reluGrad(dy: usize, y: usize, count: u32, dx: usize): void {
  const end = count * BYTES_PER_FLOAT;
  const vectorsEnd = (count / LANES) * LANES * BYTES_PER_FLOAT;
  const zero = f32x4.splat(0);
  let at: u32 = 0;
  for (; at < vectorsEnd; at += LANES * BYTES_PER_FLOAT) {
    v128.store(dx + at, v128.and(v128.load(dy + at), f32x4.gt(v128.load(y + at), zero)));
  }
  for (; at < end; at += BYTES_PER_FLOAT) {
    store<f32>(dx + at, load<f32>(y + at) > 0 ? load<f32>(dy + at) : 0);
  }
}
