import { type Tensor, tensor } from '@tensorflow/tfjs-core';

/**
 * Numbers in [0, 1) that are a function of a name and an index alone, the same here and in the scripts that make the
 * fixtures: the FNV-1a hash of the name, then murmur's finaliser of hash + index.
 */
export function formula(name: string, size: number): Float32Array {
  let seed = 2166136261;
  for (const byte of Buffer.from(name)) seed = Math.imul(seed ^ byte, 16777619);
  const values = new Float32Array(size);
  for (let index = 0; index < size; index++) {
    let x = Math.imul(index, 2654435761) + seed;
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    values[index] = ((x ^ (x >>> 16)) >>> 0) / 2 ** 32;
  }
  return values;
}

/** The formula's numbers as a tensor, in [low, high). */
export function formulaTensor<T extends Tensor>(
  name: string,
  shape: readonly number[],
  low = -1,
  high = 1,
): T {
  const size = shape.reduce((product, extent) => product * extent, 1);
  const values = formula(name, size).map((u) => low + (high - low) * u);
  return tensor(values, [...shape]) as T;
}
