import { DataError } from '../errors.ts';
import { Random } from '../random.ts';
import { makeView, type View, type ViewGeometry } from './augment.ts';
import type { Augmentation } from './augmentation.ts';
import { chain, invert, transformPoint } from './geometry.ts';
import type { ImageStore } from './image-store.ts';

/** Numbers for a tensor, row by row, before any engine has them. */
export interface HostArray {
  readonly shape: readonly number[];
  readonly values: Float32Array<ArrayBuffer>;
}

/** The batch of one step, as `strategy.ts` describes its tensors. */
export interface HostBatch {
  readonly step: number;
  readonly labeled: {
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
  };
}

/** Which images of the store a stage draws from, and how many a step. */
export interface BatchPlan {
  readonly seed: number;
  /** Names the stage's random streams. */
  readonly stage: string;
  readonly labeled: Draw;
  /** Left out when the strategy uses no unlabeled images. */
  readonly unlabeled?: Draw;
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
  const labeled = labeledBatch(store, plan, pipelines, step);
  if (plan.unlabeled === undefined) return { step, labeled };
  return { step, labeled, unlabeled: unlabeledBatch(store, plan, plan.unlabeled, pipelines, step) };
}

/** The image as it is, standardised: for validation, test and prediction. `[height, width]`, row by row. */
export function evaluationView(store: ImageStore, index: number): Float32Array {
  return makeView(store, index, [], new Random('no variation')).pixels;
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

function labeledBatch(store: ImageStore, plan: BatchPlan, pipelines: Pipelines, step: number) {
  const { batch, images: choice } = plan.labeled;
  const { landmarkCount: count } = store;
  const draw = new Random(plan.seed, 'labeled', plan.stage, step);
  const images = imageArray(store, batch);
  const landmarks = hostArray(batch, count, 2);
  const present = hostArray(batch, count);
  for (let slot = 0; slot < batch; slot++) {
    const index = choice[draw.integer(0, choice.length - 1)]!;
    const random = new Random(plan.seed, 'labeled view', plan.stage, step, slot);
    const view = viewInto(store, index, pipelines.strong, random, images, slot);
    for (let landmark = 0; landmark < count; landmark++) {
      const source = index * count + namedInImage(store, view, landmark);
      if (store.present[source] === 0) continue;
      const point = [store.landmarks[source * 2]!, store.landmarks[source * 2 + 1]!] as const;
      landmarks.values.set(transformPoint(view.matrix, point), (slot * count + landmark) * 2);
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
  drawInEpochs(plan, draw, step).forEach((index, slot) => {
    const stream = (name: string) => new Random(plan.seed, name, plan.stage, step, slot);
    const before = viewInto(store, index, pipelines.weak, stream('weak view'), weak, slot);
    const after = viewInto(store, index, pipelines.strong, stream('strong view'), strong, slot);
    weakToStrong.values.set(chain(invert(before.matrix), after.matrix), slot * 6);
    const change = { mirrored: before.mirrored !== after.mirrored };
    for (let landmark = 0; landmark < count; landmark++) {
      permutation.values[(slot * count + landmark) * count + namedInImage(store, change, landmark)] = 1;
    }
  });
  return { weak, strong, weakToStrong, permutation };
}

/** The landmark of the unmirrored side that is called `landmark` on the other. */
function namedInImage(
  store: ImageStore,
  { mirrored }: Pick<ViewGeometry, 'mirrored'>,
  landmark: number,
): number {
  return mirrored ? store.mirrored[landmark]! : landmark;
}

/** The images of a step when they are taken epoch after epoch, each in an order of its own. */
function drawInEpochs(plan: BatchPlan, { images, batch }: Draw, step: number): number[] {
  const orders = new Map<number, number[]>();
  return Array.from({ length: batch }, (_, slot) => {
    const position = step * batch + slot;
    const epoch = Math.floor(position / images.length);
    const order =
      orders.get(epoch) ?? new Random(plan.seed, 'unlabeled epoch', plan.stage, epoch).shuffle(images);
    orders.set(epoch, order);
    return order[position % images.length]!;
  });
}

function viewInto(
  store: ImageStore,
  index: number,
  pipeline: readonly Augmentation[],
  random: Random,
  images: HostArray,
  slot: number,
): View {
  const area = store.size.width * store.size.height;
  return makeView(store, index, pipeline, random, images.values.subarray(slot * area, (slot + 1) * area));
}

function imageArray(store: ImageStore, batch: number): HostArray {
  return hostArray(batch, store.size.height, store.size.width, 1);
}

function hostArray(...shape: number[]): HostArray {
  return { shape, values: new Float32Array(shape.reduce((product, length) => product * length, 1)) };
}
