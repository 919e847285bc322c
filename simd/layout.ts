/** Numbers of a vector. */
export const LANES: u32 = 4;
export const BYTES_PER_FLOAT: u32 = 4;

/** About how many numbers of a tensor are gone through at once, so that they stay in the first cache. */
const CACHED_NUMBERS: u32 = 4096;

/** Rows of `[rows, period]` that are gone through at once. */
export function rowsAtOnce(period: u32): u32 {
  return max<u32>(1, CACHED_NUMBERS / period);
}
