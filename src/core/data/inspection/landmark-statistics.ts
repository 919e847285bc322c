import type { Dataset, Sample } from '../dataset.ts';
import { residuals, shapeSize } from './procrustes.ts';
import { medianOf, rootMeanSquare } from './spread.ts';
import type { ShapeStatistics } from './unusual-shapes.ts';

/** What the labeled images say of one landmark. Lengths are shares of the image's diagonal. */
export interface LandmarkStatistics {
  readonly name: string;
  /** Images that label it. */
  readonly labeled: number;
  /** Images that label others, and not this one. */
  readonly missing: number;
  /** Mean position, as shares of the image's width and height; `null` where nothing is labeled. */
  readonly mean: { readonly x: number; readonly y: number } | null;
  /** Root mean square distance to the mean position: what a model that looks at nothing errs by. */
  readonly spread: number | null;
  /** The same after position, size and rotation of each shape are taken off; `null` for too few shapes. */
  readonly shapeSpread: number | null;
}

export function landmarkStatistics(
  { landmarkNames, samples }: Pick<Dataset, 'landmarkNames' | 'samples'>,
  statistics: ShapeStatistics,
): LandmarkStatistics[] {
  const annotated = samples.filter(({ landmarks }) => landmarks.some((point) => point !== null));
  const spreads = shapeSpreads(samples, statistics);
  return landmarkNames.map((name, landmark) => {
    const positions = annotated.flatMap((sample) => relativePosition(sample, landmark));
    const labeled = positions.length;
    const mean = labeled === 0 ? null : { x: meanOf(positions, 'x'), y: meanOf(positions, 'y') };
    const distances = positions.map(({ x, y, sample: { width, height } }) => {
      const diagonal = Math.hypot(width, height);
      return Math.hypot((x - mean!.x) * width, (y - mean!.y) * height) / diagonal;
    });
    return {
      ...{ name, labeled, missing: annotated.length - labeled, mean },
      spread: labeled === 0 ? null : rootMeanSquare(distances),
      shapeSpread: spreads[landmark] ?? null,
    };
  });
}

interface RelativePosition {
  readonly x: number;
  readonly y: number;
  readonly sample: Sample;
}

/** A pixel centre lies half a pixel inside the image. */
function relativePosition(sample: Sample, landmark: number): RelativePosition[] {
  const point = sample.landmarks[landmark];
  if (!point) return [];
  return [{ x: (point[0] + 0.5) / sample.width, y: (point[1] + 0.5) / sample.height, sample }];
}

function meanOf(positions: readonly RelativePosition[], axis: 'x' | 'y'): number {
  return positions.reduce((sum, position) => sum + position[axis], 0) / positions.length;
}

/** Root mean square residual of each landmark, as a share of the diagonal of a usual image. */
function shapeSpreads(samples: readonly Sample[], { shapes, typical }: ShapeStatistics): (number | null)[] {
  if (typical === null) return [];
  const sizes = samples.flatMap(({ id, width, height, landmarks }) =>
    shapes.has(id) ? [shapeSize(landmarks) / Math.hypot(width, height)] : [],
  );
  const all = [...shapes.values()].map((shape) => residuals(shape, typical));
  return typical.map((_, landmark) => {
    const own = all.flatMap((residual) => residual[landmark] ?? []);
    return own.length === 0 ? null : rootMeanSquare(own) * medianOf(sizes);
  });
}
