import { DataError } from '../errors.ts';
import { Random } from '../random.ts';
import { makeView, placeInView, type View, type ViewGeometry } from './augment.ts';
import type { Augmentation } from './augmentation.ts';
import { FIELD_NODES } from './displacement.ts';
import { epochOrder } from './epoch-order.ts';
import { chain, invert } from './geometry.ts';
import type { ImageStore } from './image-store.ts';

/** Numbers for a tensor, row by row, before any engine has them. */
export interface HostArray {
  readonly shape: readonly number[];
  readonly values: Float32Array<ArrayBuffer>;
}

/** The batch of one step, as `strategy.ts` describes its tensors. */
export interface HostBatch {
  readonly step: number;
  readonly labeled?: {
    /** `[batch, height, width, 1]`, standardised. */
    readonly images: HostArray;
    /** `[batch, landmarks, 2]`, in [0, 1] of the augmented view, and beyond where a landmark left it. */
    readonly landmarks: HostArray;
    /** `[batch, landmarks]`: 1 where labeled. */
    readonly present: HostArray;
  };
  readonly unlabeled?: {
    readonly weak: HostArray;
    readonly strong: HostArray;
    /** `[batch, 2, 3]`: carries points of the weak view, in [0, 1], to the strong view. */
    readonly weakToStrong: HostArray;
    /** `[batch, landmarks, landmarks]`: row i has its 1 at the weak-view landmark that is landmark i when strong. */
    readonly permutation: HostArray;
    /** `[batch, nodes, nodes, 2]`: the strong view's displacement; left out where no augmentation makes one. */
    readonly displacement?: HostArray;
    /** `[batch]`: which of the stage's unlabeled images, from 0. */
    readonly position: HostArray;
  };
}

/** Which images of the store a stage draws from, and how many a step. */
export interface BatchPlan {
  readonly seed: number;
  /** Names the stage's random streams. */
  readonly stage: string;
  /** Either is left out when the strategy does not use it. */
  readonly labeled?: Draw;
  readonly unlabeled?: Draw;
  /** Positions of the training images that lend their grey values to augmentations. */
  readonly donors: readonly number[];
}

interface Draw {
  /** Positions in the store. */
  readonly images: readonly number[];
  readonly batch: number;
}

/** `strong` makes labeled images and the student's views, `weak` the teacher's. */
export interface Pipelines {
  readonly weak: readonly Augmentation[];
  readonly strong: readonly Augmentation[];
}

/**
 * The batch of a step. A pure function of the plan's seed, its stage's name and the step: the same batch comes out
 * wherever and in whichever order steps are made. Labeled images are drawn with replacement, unlabeled ones in
 * shuffled epochs.
 * @throws {DataError} FSX_DATA_TOO_FEW when the plan has no images to draw from.
 */
export function makeBatch(store: ImageStore, plan: BatchPlan, pipelines: Pipelines, step: number): HostBatch {
  refuseNoImages(plan, 'labeled');
  refuseNoImages(plan, 'unlabeled');
  const { labeled, unlabeled } = plan;
  return {
    step,
    ...(labeled && { labeled: labeledBatch(store, plan, labeled, pipelines, step) }),
    ...(unlabeled && { unlabeled: unlabeledBatch(store, plan, unlabeled, pipelines, step) }),
  };
}

function refuseNoImages(plan: BatchPlan, kind: 'labeled' | 'unlabeled'): void {
  if (plan[kind]?.images.length !== 0) return;
  throw new DataError(
    'FSX_DATA_TOO_FEW',
    `stage "${plan.stage}" uses ${kind} images, and the split has none`,
    {
      suggestion: `Set data.split.${kind}, or choose another ssl strategy for this stage.`,
    },
  );
}

function labeledBatch(store: ImageStore, plan: BatchPlan, drawn: Draw, pipelines: Pipelines, step: number) {
  const { batch, images: choice } = drawn;
  const { landmarkCount: count } = store;
  const draw = new Random(plan.seed, 'labeled', plan.stage, step);
  const images = imageArray(store, batch);
  const landmarks = hostArray(batch, count, 2);
  const present = hostArray(batch, count);
  for (let slot = 0; slot < batch; slot++) {
    const index = choice[draw.integer(0, choice.length - 1)]!;
    const random = new Random(plan.seed, 'labeled view', plan.stage, step, slot);
    const view = viewInto(images, slot, { store, index, pipeline: pipelines.strong, random, ...plan });
    for (let landmark = 0; landmark < count; landmark++) {
      const source = index * count + namedInImage(store, view, landmark);
      if (store.present[source] === 0) continue;
      const point = [store.landmarks[source * 2]!, store.landmarks[source * 2 + 1]!] as const;
      landmarks.values.set(placeInView(view, point), (slot * count + landmark) * 2);
      present.values[slot * count + landmark] = 1;
    }
  }
  return { images, landmarks, present };
}

function unlabeledBatch(store: ImageStore, plan: BatchPlan, draw: Draw, pipelines: Pipelines, step: number) {
  const { batch } = draw;
  const { landmarkCount: count } = store;
  const weak = imageArray(store, batch);
  const strong = imageArray(store, batch);
  const weakToStrong = hostArray(batch, 2, 3);
  const permutation = hostArray(batch, count, count);
  const position = hostArray(batch);
  const displacement = hostArray(batch, FIELD_NODES, FIELD_NODES, 2);
  drawInEpochs(plan, draw, step).forEach((chosen, slot) => {
    const index = draw.images[chosen]!;
    position.values[slot] = chosen;
    const source = (pipeline: readonly Augmentation[], name: string) => {
      return { store, index, pipeline, random: new Random(plan.seed, name, plan.stage, step, slot), ...plan };
    };
    const before = viewInto(weak, slot, source(pipelines.weak, 'weak view'));
    const after = viewInto(strong, slot, source(pipelines.strong, 'strong view'));
    weakToStrong.values.set(chain(invert(before.matrix), after.matrix), slot * 6);
    if (after.field !== undefined) displacement.values.set(after.field, slot * after.field.length);
    const change = { mirrored: before.mirrored !== after.mirrored };
    for (let landmark = 0; landmark < count; landmark++) {
      permutation.values[(slot * count + landmark) * count + namedInImage(store, change, landmark)] = 1;
    }
  });
  const bends = pipelines.strong.some((augmentation) => augmentation.displacement !== undefined);
  return { weak, strong, weakToStrong, permutation, position, ...(bends ? { displacement } : {}) };
}

/** The landmark of the unmirrored side that is called `landmark` on the other. */
function namedInImage(
  store: ImageStore,
  { mirrored }: Pick<ViewGeometry, 'mirrored'>,
  landmark: number,
): number {
  return mirrored ? store.mirrored[landmark]! : landmark;
}

/** Which images a step takes, of `images`, when they are taken epoch after epoch, each in an order of its own. */
function drawInEpochs(plan: BatchPlan, { images, batch }: Draw, step: number): number[] {
  const { length } = images;
  return Array.from({ length: batch }, (_, slot) => {
    const at = step * batch + slot;
    return epochOrder(plan, length, Math.floor(at / length))[at % length]!;
  });
}

interface ViewSource {
  readonly store: ImageStore;
  readonly index: number;
  readonly pipeline: readonly Augmentation[];
  readonly random: Random;
  readonly donors: readonly number[];
}

function viewInto(
  images: HostArray,
  slot: number,
  { store, index, pipeline, random, donors }: ViewSource,
): View {
  const area = store.size.width * store.size.height;
  const pixels = images.values.subarray(slot * area, (slot + 1) * area);
  return makeView(store, index, pipeline, random, donors, pixels);
}

function imageArray(store: ImageStore, batch: number): HostArray {
  return hostArray(batch, store.size.height, store.size.width, 1);
}

function hostArray(...shape: number[]): HostArray {
  return { shape, values: new Float32Array(shape.reduce((product, length) => product * length, 1)) };
}
