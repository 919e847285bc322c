import { makeView, plainView, type View } from '../data/augment.ts';
import type { Augmentation } from '../data/augmentation.ts';
import type { Point } from '../data/dataset.ts';
import { type Affine, around, invert, transformPoint } from '../data/geometry.ts';
import type { ImageStore } from '../data/image-store.ts';
import { Random } from '../random.ts';

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

/**
 * The plain image, then `count` moved ones. The motions depend on the seed and the view's number alone, so that what
 * is said of an image does not depend on the others that are predicted with it.
 */
export function testTimeViews(store: ImageStore, index: number, count: number, seed: number): View[] {
  const moved = Array.from({ length: count }, (_, view) =>
    makeView(store, index, [motion], new Random(seed, 'test-time view', view)),
  );
  return [plainView(store, index), ...moved];
}

/** Landmarks `[landmarks, 2]` of a view, carried back to the frame that it was made from. */
export function inFrame({ matrix }: View, landmarks: Float32Array): Float32Array {
  const toFrame = invert(matrix);
  const carried = new Float32Array(landmarks.length);
  for (let k = 0; k < landmarks.length; k += 2) {
    carried.set(transformPoint(toFrame, [landmarks[k]!, landmarks[k + 1]!]), k);
  }
  return carried;
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
