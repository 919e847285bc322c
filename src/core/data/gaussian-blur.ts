import type { ImageSize } from './image-size.ts';

/** Values row by row, which can be written to. */
interface WritableImage extends ImageSize {
  readonly pixels: Float32Array;
}

/** Blurs an image in place, the edge pixels repeated beyond it. @param sigma standard deviation in pixels. */
export function gaussianBlur(image: WritableImage, sigma: number): void {
  const { width, height } = image;
  const kernel = gaussian(sigma);
  blurLines(image, kernel, { length: width, step: 1 }, { length: height, step: width });
  blurLines(image, kernel, { length: height, step: width }, { length: width, step: 1 });
}

/** How many pixels an axis has, and how far apart they lie in memory. */
interface Axis {
  readonly length: number;
  readonly step: number;
}

/** The weights of the distances 0, 1, 2, … to three deviations, which sum to 1 over both sides. */
function gaussian(sigma: number): Float32Array {
  const radius = Math.ceil(3 * sigma);
  const half = Float32Array.from({ length: radius + 1 }, (_, k) => Math.exp((-k * k) / (2 * sigma * sigma)));
  const sum = half.reduce((total, weight) => total + 2 * weight, -1);
  return half.map((weight) => weight / sum);
}

/** Blurs in place along one axis. */
function blurLines({ pixels }: WritableImage, kernel: Float32Array, along: Axis, across: Axis): void {
  const radius = kernel.length - 1;
  const padded = new Float32Array(along.length + 2 * radius);
  for (let line = 0; line < across.length; line++) {
    const start = line * across.step;
    for (let i = 0; i < padded.length; i++) {
      const place = Math.min(along.length - 1, Math.max(0, i - radius));
      padded[i] = pixels[start + place * along.step]!;
    }
    for (let i = 0; i < along.length; i++) {
      let sum = kernel[0]! * padded[i + radius]!;
      for (let k = 1; k <= radius; k++)
        sum += kernel[k]! * (padded[i + radius - k]! + padded[i + radius + k]!);
      pixels[start + i * along.step] = sum;
    }
  }
}
