import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join, parse } from 'node:path';
import type { Dataset, GreyImage, PixelSpacing, Point, Sample } from '../data/dataset.ts';
import { decodeGrey, IMAGE_FILE } from '../data/decode.ts';
import { type ImageStore, loadImageStore } from '../data/image-store.ts';
import { DataError, FsxError, RunError } from '../errors.ts';
import { type Combination, combineShapes } from '../evaluation/combination.ts';
import { drawOverlay } from '../evaluation/overlay.ts';
import type { Prediction } from '../evaluation/prediction.ts';
import { type EnsembleWeights, landmarkPlaces, networksOf } from './ensemble.ts';
import { answerViews, inOriginalPixels, meanShapeOf } from './predict.ts';
import { type TestTimeMatching, testTimeMatching } from './test-time-matching.ts';
import { refuseUnpairedFlip, spreadOf, testTimeViews } from './test-time-views.ts';
import type { TrainedModel } from './trained-model.ts';

export interface PredictFilesOptions {
  /** The networks of each model that take part. */
  readonly weights: EnsembleWeights;
  /** How the answers of several networks become one. */
  readonly combination: Combination;
  /** Moved views of each image for the spread; 0 leaves them out. */
  readonly views: number;
  /** Average with the answer for the mirrored image, whatever the recipe says. */
  readonly flip: boolean;
  /** Of every image; image files do not say it themselves. */
  readonly spacing?: PixelSpacing;
  /** Told of every image that cannot be used, and why; the others go on. */
  readonly onError: (error: FsxError) => void;
}

/** Landmarks of an image file, whose path is the `id`. */
export interface FilePrediction extends Prediction {
  /** One a landmark, in pixels of the original: how far the answers lie apart; left out where there is only one. */
  readonly spreadPx?: readonly number[];
}

/** Decoded images whose views are in memory at the same time. */
const IMAGES_AT_ONCE = 16;

/**
 * Predicts the landmarks of image files, as `fsx evaluate` measures them: those of the plain image, averaged with as many
 * moved views as `evaluation.views` of the recipe says and with the mirrored one where it says `flip`; of several networks
 * the combination of that. The spread is the root mean square distance to their mean of the answers of all networks for
 * the plain and the moved views, mapped back.
 * @param models one or more; the first names the landmarks.
 * @throws {DataError} FSX_FLIP_UNPAIRED; {RunError} FSX_ENSEMBLE_LANDMARKS, FSX_EXAMPLES_MISSING or
 * FSX_PREDICTION_NOT_FINITE.
 */
export async function predictFiles(
  models: readonly [TrainedModel, ...TrainedModel[]],
  paths: readonly string[],
  options: PredictFilesOptions,
): Promise<FilePrediction[]> {
  const [first] = models;
  const places = models.map((model) => landmarkPlaces(first, model));
  const matchings = models.map(({ recipe, examples }) => testTimeMatching(recipe.evaluation, examples));
  for (const { recipe, facts } of models) refuseUnpairedFlip(recipe.evaluation.flip || options.flip, facts);
  const predictions: FilePrediction[] = [];
  for (let start = 0; start < paths.length; start += IMAGES_AT_ONCE) {
    const images: (readonly ImageStore[])[] = [];
    for (const path of paths.slice(start, start + IMAGES_AT_ONCE)) {
      const stores = await orTold(options, () => storesOf(models, path, options.spacing));
      if (stores !== undefined) images.push(stores);
    }
    const answers: NetworkAnswer[][][] = [];
    for (const [index, model] of models.entries()) {
      const seen = images.map((stores) => stores[index]!);
      const found = await answersOf(model, seen, options, matchings[index]);
      answers.push(found.map((image) => image.map((one) => inPlaces(one, places[index]!))));
    }
    predictions.push(
      ...images.map(([store], image) =>
        combine(
          store!,
          answers.flatMap((of) => of[image]!),
          options,
        ),
      ),
    );
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

/** What one network says of an image, in pixels of the original. */
interface NetworkAnswer {
  readonly landmarks: readonly Point[];
  /** Its answers for the plain image and the moved views that the spread is asked over. */
  readonly seen: readonly (readonly Point[])[];
}

/** The answers of the networks of one model, for each image. */
async function answersOf(
  { predictor, weights, recipe }: TrainedModel,
  stores: readonly ImageStore[],
  options: PredictFilesOptions,
  matching: TestTimeMatching | undefined,
): Promise<NetworkAnswer[][]> {
  const averaged = recipe.evaluation.views;
  const flip = recipe.evaluation.flip || options.flip;
  const plan = { views: Math.max(options.views, averaged), flip, seed: recipe.seed };
  const views = stores.map((store) => testTimeViews(store, 0, plan));
  const partners = stores[0]?.mirrored ?? new Int32Array();
  const answers: Float32Array[][][] = [];
  for (const network of networksOf(options.weights)) {
    answers.push(await answerViews(views, predictor, weights[network], partners));
  }
  return stores.map((store, image) =>
    answers.map((of) => {
      const found = of[image]!;
      const mirrored = flip ? found.slice(-1) : [];
      const shape = (landmarks: Float32Array) => inOriginalPixels(store, 0, landmarks);
      const mean = meanShapeOf([...found.slice(0, averaged + 1), ...mirrored]);
      return {
        landmarks: shape(matching === undefined ? mean : matching(store, 0, mean)),
        seen: found.slice(0, options.views + 1).map(shape),
      };
    }),
  );
}

function combine(
  { images }: ImageStore,
  answers: readonly NetworkAnswer[],
  { combination }: PredictFilesOptions,
): FilePrediction {
  const { frame: _, ...original } = images[0]!;
  const seen = answers.flatMap((answer) => answer.seen);
  const shapes = answers.map(({ landmarks }) => landmarks);
  refuseNotFinite(original.id, [...shapes, ...seen]);
  const spread = seen.length === 1 ? {} : { spreadPx: spreadOf(seen) };
  return { ...original, landmarks: combineShapes(shapes, combination), ...spread };
}

function inPlaces({ landmarks, seen }: NetworkAnswer, places: readonly number[]): NetworkAnswer {
  const reorder = (shape: readonly Point[]) => places.map((place) => shape[place]!);
  return { landmarks: reorder(landmarks), seen: seen.map(reorder) };
}

/** The image as training and evaluation of each model would keep it. */
async function storesOf(
  models: readonly TrainedModel[],
  path: string,
  spacing: PixelSpacing | undefined,
): Promise<ImageStore[]> {
  const image = await decodeGrey(path);
  return Promise.all(models.map((model) => storeOf(model, path, image, spacing)));
}

/** A store of one image. */
function storeOf(
  { facts, recipe }: TrainedModel,
  path: string,
  image: GreyImage,
  spacing: PixelSpacing | undefined,
): Promise<ImageStore> {
  const { landmarkNames, mirrorPairs } = facts;
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

function refuseNotFinite(id: string, shapes: readonly (readonly Point[])[]): void {
  if (shapes.flat(2).every(Number.isFinite)) return;
  throw new RunError('FSX_PREDICTION_NOT_FINITE', `the prediction of ${id} is not a number`, {
    suggestion: 'The training has probably diverged: look at its loss curve, or take another checkpoint.',
  });
}
