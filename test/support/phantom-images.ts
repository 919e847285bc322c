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

/** The turn, scale and shift that two points fix. */
export function similarity(
  from: readonly [Point, Point],
  to: readonly [Point, Point],
): (point: Point) => Point {
  const [[x0, y0], [x1, y1]] = from;
  const [[u0, v0], [u1, v1]] = to;
  const [dx, dy, du, dv] = [x1 - x0, y1 - y0, u1 - u0, v1 - v0];
  const length2 = dx * dx + dy * dy;
  const [cosine, sine] = [(dx * du + dy * dv) / length2, (dx * dv - dy * du) / length2];
  return ([x, y]) => [u0 + cosine * (x - x0) - sine * (y - y0), v0 + sine * (x - x0) + cosine * (y - y0)];
}

/** Mean difference of the greys in the middle of one picture from those at the mapped places of another. */
export function meanDifference(image: GreyImage, other: GreyImage, map: (point: Point) => Point): number {
  const { width, pixels } = image;
  let sum = 0;
  let count = 0;
  for (let y = 20; y < width - 20; y += 3) {
    for (let x = 20; x < width - 20; x += 3) {
      const [u, v] = map([x, y]).map(Math.round) as [number, number];
      if (Math.min(u, v) < 0 || Math.max(u, v) >= width) continue;
      sum += Math.abs((pixels[y * width + x] as number) - (other.pixels[v * width + u] as number));
      count++;
    }
  }
  return sum / count;
}
