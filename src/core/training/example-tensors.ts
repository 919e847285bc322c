import type { Point } from '../data/dataset.ts';
import type { Example } from '../matching/landmark-matcher.ts';
import type { NamedTensor } from './safetensors.ts';

const PIXELS = 'examples.pixels';
const LANDMARKS = 'examples.landmarks';

/** Labeled images, all of one size, as tensors of a checkpoint; a landmark that is missing is not a number. */
export function packExamples(examples: readonly Example[]): NamedTensor[] {
  if (examples.length === 0) return [];
  const { width, height } = examples[0]!.image;
  const landmarkCount = examples[0]!.landmarks.length;
  const pixels = new Float32Array(examples.length * width * height);
  for (const [index, { image }] of examples.entries()) pixels.set(image.pixels, index * width * height);
  const missing = [Number.NaN, Number.NaN];
  const places = examples.flatMap(({ landmarks }) => landmarks.flatMap((place) => place ?? missing));
  return [
    { name: PIXELS, shape: [examples.length, height, width], values: pixels },
    { name: LANDMARKS, shape: [examples.length, landmarkCount, 2], values: Float32Array.from(places) },
  ];
}

/** The labeled images of a checkpoint; none where it keeps none. */
export function unpackExamples(tensors: ReadonlyMap<string, NamedTensor>): Example[] {
  const [pixels, landmarks] = [tensors.get(PIXELS), tensors.get(LANDMARKS)];
  if (pixels === undefined || landmarks === undefined) return [];
  const [count, height, width] = pixels.shape as [number, number, number];
  const numbers = landmarks.values.length / count;
  return Array.from({ length: count }, (_, index) => ({
    image: { width, height, pixels: rowOf(pixels.values, index, width * height) },
    landmarks: pairs(rowOf(landmarks.values, index, numbers)),
  }));
}

function rowOf(values: Float32Array, row: number, length: number): Float32Array {
  return values.subarray(row * length, (row + 1) * length);
}

function pairs(numbers: Float32Array): (Point | null)[] {
  return Array.from({ length: numbers.length / 2 }, (_, index) => {
    const [x, y] = [numbers[index * 2]!, numbers[index * 2 + 1]!];
    return Number.isNaN(x) ? null : [x, y];
  });
}
