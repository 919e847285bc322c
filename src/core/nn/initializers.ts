import type { Initializer } from './parameters.ts';

/**
 * Uniform in ±1/√fanIn, the fan-in being every axis but the last (height x width x input channels of a kernel):
 * PyTorch's default for convolutions and linear layers.
 */
export const uniformFanIn: Initializer = (values, shape, random) => {
  const fanIn = shape.slice(0, -1).reduce((product, extent) => product * extent, 1);
  fillUniform(values, 1 / Math.sqrt(fanIn), random);
};

/** The same for a depthwise kernel `[height, width, channels, 1]`, in which each channel sees only itself. */
export const uniformDepthwise: Initializer = (values, [height, width], random) => {
  fillUniform(values, 1 / Math.sqrt(height! * width!), random);
};

/** A bias that goes with a kernel of this fan-in, as PyTorch draws it. */
export function uniformBias(fanIn: number): Initializer {
  return (values, _shape, random) => fillUniform(values, 1 / Math.sqrt(fanIn), random);
}

export function constant(value: number): Initializer {
  return (values) => values.fill(value);
}

function fillUniform(values: Float32Array, bound: number, random: Parameters<Initializer>[2]): void {
  for (let i = 0; i < values.length; i++) values[i] = random.uniform(-bound, bound);
}
