import type { Dataset, GreyImage, Point, Sample } from '../../../src/core/data/dataset.ts';

const DOT_SIGMA_PX = 4;

/** Images of which image k shows one bright dot, at landmark k; all landmarks are labeled in all of them. */
export function dottedDataset(width: number, height: number): Dataset {
  const landmarks: Point[] = [
    [0.3 * width, 0.3 * height],
    [0.7 * width, 0.35 * height],
    [0.5 * width, 0.5 * height],
    [0.35 * width, 0.7 * height],
    [0.66 * width, 0.65 * height],
  ];
  const samples: Sample[] = landmarks.map((_, k) => ({ id: String(k), width, height, landmarks }));
  return {
    landmarkNames: ['right top', 'left top', 'middle', 'right base', 'left base'],
    mirrorPairs: [
      [0, 1],
      [3, 4],
    ],
    edges: [],
    samples,
    read: async ({ id }) => drawDot(width, height, landmarks[Number(id)]!),
  };
}

function drawDot(width: number, height: number, [x, y]: Point): GreyImage {
  const pixels = Float32Array.from({ length: width * height }, (_, i) => {
    const [dx, dy] = [(i % width) - x, Math.floor(i / width) - y];
    return Math.exp(-(dx * dx + dy * dy) / (2 * DOT_SIGMA_PX ** 2));
  });
  return { width, height, pixels };
}

/** The centre of the bright dot, in [0, 1] of the view, and its distance to the border in pixels. */
export function findDot(
  view: Float32Array,
  width: number,
  height: number,
): { point: Point; borderPx: number } {
  const low = view.reduce((a, b) => Math.min(a, b));
  const high = view.reduce((a, b) => Math.max(a, b));
  let [sum, sumX, sumY] = [0, 0, 0];
  view.forEach((value, i) => {
    const weight = Math.max(0, value - (low + 0.4 * (high - low)));
    sum += weight;
    sumX += weight * (i % width);
    sumY += weight * Math.floor(i / width);
  });
  const [x, y] = [sumX / sum, sumY / sum];
  return {
    point: [(x + 0.5) / width, (y + 0.5) / height],
    borderPx: Math.min(x, y, width - 1 - x, height - 1 - y),
  };
}
