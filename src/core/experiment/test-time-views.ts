import { makeView, plainView, type View, type ViewGeometry } from '../data/augment.ts';
import type { Augmentation } from '../data/augmentation.ts';
import type { Dataset, Point } from '../data/dataset.ts';
import { type Affine, around, invert, transformPoint } from '../data/geometry.ts';
import type { ImageStore } from '../data/image-store.ts';
import { DataError } from '../errors.ts';
import { Random } from '../random.ts';

/** The views of each image that a network is asked about; its answer is the mean over all of them. */
export interface ViewPlan {
  /** Moved views beside the plain image. */
  readonly views: number;
  /** The mirrored image too, with left and right landmarks swapped back. */
  readonly flip: boolean;
  /** Moves the views. */
  readonly seed: number;
}

const ROTATION_DEGREES = 5;
const LOG_SCALE = 0.05;
/** Part of the view's longer side. */
const TRANSLATION = 0.02;

/** A small rigid motion and change of size, each uniform within its bounds: a patient who stood a little otherwise. */
const motion: Augmentation = {
  geometry(random) {
    const within = (bound: number) => random.uniform(-bound, bound);
    const angle = (within(ROTATION_DEGREES) * Math.PI) / 180;
    const scale = Math.exp(within(LOG_SCALE));
    const [cosine, sine] = [scale * Math.cos(angle), scale * Math.sin(angle)];
    const turned: Affine = [cosine, -sine, within(TRANSLATION), sine, cosine, within(TRANSLATION)];
    return { matrix: around([0.5, 0.5], turned), mirrored: false };
  },
};

const mirror: Augmentation = {
  geometry: () => ({ matrix: [-1, 0, 1, 0, 1, 0], mirrored: true }),
};

/**
 * The plain image, then the moved ones, then the mirrored one where the plan has it. The motions depend on the seed and
 * the view's number alone, so that what is said of an image does not depend on the others that are predicted with it.
 */
export function testTimeViews(store: ImageStore, index: number, { views, flip, seed }: ViewPlan): View[] {
  const view = (name: string | number, pipeline: readonly Augmentation[]) =>
    makeView(store, index, pipeline, new Random(seed, 'test-time view', name));
  const moved = Array.from({ length: views }, (_, number) => view(number, [motion]));
  return [plainView(store, index), ...moved, ...(flip ? [view('mirrored', [mirror])] : [])];
}

/**
 * Landmarks `[landmarks, 2]` of a view, carried back to the frame that it was made from.
 * @param partners entry i is the landmark that is called i in a mirrored view.
 */
export function inFrame(
  { matrix, mirrored }: ViewGeometry,
  landmarks: Float32Array,
  partners: Int32Array,
): Float32Array {
  const toFrame = invert(matrix);
  const carried = new Float32Array(landmarks.length);
  for (let landmark = 0; landmark < partners.length; landmark++) {
    const point = [landmarks[2 * landmark]!, landmarks[2 * landmark + 1]!] as const;
    carried.set(transformPoint(toFrame, point), 2 * (mirrored ? partners[landmark]! : landmark));
  }
  return carried;
}

/** @throws {DataError} FSX_FLIP_UNPAIRED where a mirrored image is asked for and no two landmarks are a pair. */
export function refuseUnpairedFlip(flip: boolean, { mirrorPairs }: Pick<Dataset, 'mirrorPairs'>): void {
  if (!flip || mirrorPairs.length > 0) return;
  throw new DataError(
    'FSX_FLIP_UNPAIRED',
    'the answer for the mirrored image is asked for, and the dataset pairs no left landmark with a right one',
    {
      suggestion:
        'Name the pairs in the options of the dataset (mirrorPairs), or leave evaluation.flip off: a lateral film has no mirror image.',
    },
  );
}

/** For each landmark the root mean square distance of its positions to their mean; all shapes name the same landmarks. */
export function spreadOf(shapes: readonly (readonly Point[])[]): number[] {
  const count = shapes.length;
  return shapes[0]!.map((_, landmark) => {
    const points = shapes.map((shape) => shape[landmark]!);
    const [sumX, sumY] = points.reduce(([x, y], point): Point => [x + point[0], y + point[1]], [0, 0]);
    const squares = points.map(([x, y]) => (x - sumX / count) ** 2 + (y - sumY / count) ** 2);
    return Math.sqrt(squares.reduce((total, square) => total + square, 0) / count);
  });
}
