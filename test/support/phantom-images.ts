import type { Dataset, GreyImage, Point, Sample } from '../../src/core/data/dataset.ts';

export function landmarksOf(sample: Sample): Point[] {
  return sample.landmarks as Point[];
}

export async function readAll({ samples, read }: Dataset): Promise<GreyImage[]> {
  return Promise.all(samples.map((sample) => read(sample)));
}

/** Mean grey of a disc around a point. */
export function greyAround({ width, height, pixels }: GreyImage, [x, y]: Point, radius: number): number {
  let sum = 0;
  let count = 0;
  for (let row = Math.max(0, Math.ceil(y - radius)); row <= Math.min(height - 1, y + radius); row++) {
    for (
      let column = Math.max(0, Math.ceil(x - radius));
      column <= Math.min(width - 1, x + radius);
      column++
    ) {
      if (Math.hypot(column - x, row - y) > radius) continue;
      sum += pixels[row * width + column] as number;
      count++;
    }
  }
  return sum / count;
}

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] as number;

/** `share` of the way from one point to another. */
export function between([x0, y0]: Point, [x1, y1]: Point, share: number): Point {
  return [x0 + share * (x1 - x0), y0 + share * (y1 - y0)];
}

/** Mean distance of the landmarks from the mean shape, in pixels: what a guess without looking errs by. */
export function meanShapeError(samples: readonly Sample[]): number {
  const count = samples.length;
  const shapes = samples.map(landmarksOf);
  const errors = (shapes[0] as Point[]).flatMap((_, k) => {
    const places = shapes.map((shape) => shape[k] as Point);
    const x = places.reduce((sum, place) => sum + place[0] / count, 0);
    const y = places.reduce((sum, place) => sum + place[1] / count, 0);
    return places.map((place) => Math.hypot(place[0] - x, place[1] - y));
  });
  return errors.reduce((sum, error) => sum + error, 0) / errors.length;
}
