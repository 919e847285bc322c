import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join, parse } from 'node:path';
import type { Dataset, PixelSpacing, Point, Sample } from '../data/dataset.ts';
import { decodeGrey, IMAGE_FILE } from '../data/decode.ts';
import { type ImageStore, loadImageStore } from '../data/image-store.ts';
import { DataError, FsxError, RunError } from '../errors.ts';
import { drawOverlay } from '../evaluation/overlay.ts';
import type { Prediction } from '../evaluation/prediction.ts';
import type { Weights } from '../training/state.ts';
import { answerViews, inOriginalPixels, meanShapeOf } from './predict.ts';
import { spreadOf, testTimeViews } from './test-time-views.ts';
import type { TrainedModel } from './trained-model.ts';

export interface PredictFilesOptions {
  readonly weights: Weights;
  /** Moved views of each image for the spread; 0 leaves the spread out. */
  readonly views: number;
  /** Of every image; image files do not say it themselves. */
  readonly spacing?: PixelSpacing;
  /** Told of every image that cannot be used, and why; the others go on. */
  readonly onError: (error: FsxError) => void;
}

/** Landmarks of an image file, whose path is the `id`. */
export interface FilePrediction extends Prediction {
  /** One a landmark, in pixels of the original: how far the network's answers lie apart over the views. */
  readonly spreadPx?: readonly number[];
}

/** Decoded images whose views are in memory at the same time. */
const IMAGES_AT_ONCE = 16;

/**
 * Predicts the landmarks of image files, as `fsx evaluate` measures them: those of the plain image, averaged with as many
 * moved views as `evaluation.views` of the recipe says. The spread is the root mean square distance of the answers for
 * the plain and the moved views, mapped back, to their mean.
 */
export async function predictFiles(
  trained: TrainedModel,
  paths: readonly string[],
  options: PredictFilesOptions,
): Promise<FilePrediction[]> {
  const predictions: FilePrediction[] = [];
  for (let first = 0; first < paths.length; first += IMAGES_AT_ONCE) {
    const stores: ImageStore[] = [];
    for (const path of paths.slice(first, first + IMAGES_AT_ONCE)) {
      const store = await orTold(options, () => storeOf(trained, path, options.spacing));
      if (store !== undefined) stores.push(store);
    }
    predictions.push(...predictStores(trained, stores, options));
  }
  return predictions;
}

/** The files that are meant: those named, and every PNG, JPEG, TIFF and BMP file of the folders named, by name. */
export async function listImages(
  paths: readonly string[],
  onError: PredictFilesOptions['onError'],
): Promise<string[]> {
  const found: string[] = [];
  for (const path of paths) {
    const entries = await readdir(path).catch(() => undefined);
    const images = entries?.filter((name) => IMAGE_FILE.test(name)).sort();
    if (images === undefined) found.push(path);
    else if (images.length > 0) found.push(...images.map((name) => join(path, name)));
    else onError(new DataError('FSX_IMAGE_MISSING', `the folder ${path} has no PNG, JPEG, TIFF or BMP file`));
  }
  return found;
}

/** Draws each prediction over its image into a folder, under the image's name. */
export async function drawPredictions(
  directory: string,
  predictions: readonly FilePrediction[],
  { recipe }: TrainedModel,
): Promise<void> {
  await mkdir(directory, { recursive: true });
  const { radiiMm, radiiPx } = recipe.evaluation;
  const tolerances = { toleranceMm: Math.max(...radiiMm), tolerancePx: Math.max(...radiiPx) };
  const timesUsed = new Map<string, number>();
  for (const prediction of predictions) {
    const { name } = parse(prediction.id);
    const used = timesUsed.get(name) ?? 0;
    timesUsed.set(name, used + 1);
    const truth = prediction.landmarks.map(() => null);
    const drawing = await drawOverlay(await decodeGrey(prediction.id), { ...prediction, truth }, tolerances);
    await writeFile(join(directory, `${name}${used === 0 ? '' : `-${used + 1}`}.png`), drawing);
  }
}

async function orTold<T>({ onError }: PredictFilesOptions, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof FsxError)) throw error;
    onError(error);
    return undefined;
  }
}

/** A store of one image, as training and evaluation would keep it. */
async function storeOf(
  { facts, recipe }: TrainedModel,
  path: string,
  spacing: PixelSpacing | undefined,
): Promise<ImageStore> {
  const { landmarkNames, mirrorPairs } = facts;
  const image = await decodeGrey(path);
  const sample: Sample = {
    id: path,
    width: image.width,
    height: image.height,
    landmarks: landmarkNames.map(() => null),
    ...(spacing === undefined ? {} : { spacing }),
  };
  const dataset: Dataset = {
    landmarkNames,
    mirrorPairs,
    edges: [],
    samples: [sample],
    read: async () => image,
  };
  const { size, fit, oversample } = recipe.data.image;
  return loadImageStore(dataset, [sample], { size: { height: size[0], width: size[1] }, fit, oversample });
}

function predictStores(
  { predictor, weights, recipe }: TrainedModel,
  stores: readonly ImageStore[],
  options: PredictFilesOptions,
): FilePrediction[] {
  const averaged = recipe.evaluation.views;
  const count = Math.max(options.views, averaged);
  const views = stores.map((store) => testTimeViews(store, 0, count, recipe.seed));
  const answers = answerViews(views, predictor, weights[options.weights]);
  return stores.map((store, image) => {
    const shape = (landmarks: Float32Array) => inOriginalPixels(store, 0, landmarks);
    const shapes = answers[image]!.map(shape);
    refuseNotFinite(store.images[0]!.id, shapes);
    const { frame: _, ...original } = store.images[0]!;
    const spread = options.views === 0 ? {} : { spreadPx: spreadOf(shapes.slice(0, options.views + 1)) };
    return { ...original, landmarks: shape(meanShapeOf(answers[image]!.slice(0, averaged + 1))), ...spread };
  });
}

function refuseNotFinite(id: string, shapes: readonly (readonly Point[])[]): void {
  if (shapes.flat(2).every(Number.isFinite)) return;
  throw new RunError('FSX_PREDICTION_NOT_FINITE', `the prediction of ${id} is not a number`, {
    suggestion: 'The training has probably diverged: look at its loss curve, or take another checkpoint.',
  });
}
