import { join, posix, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { ImageFolder } from '../../../core/data/annotated-folder/image-folder.ts';
import { jsonPlace } from '../../../core/data/annotated-folder/json-file.ts';
import { resolvePairs } from '../../../core/data/annotated-folder/landmark-pairs.ts';
import { outsideProblem } from '../../../core/data/annotated-folder/outside-problem.ts';
import { type Place, Problems } from '../../../core/data/annotated-folder/problems.ts';
import { rasterFormat } from '../../../core/data/annotated-folder/raster-format.ts';
import type { Dataset, Sample } from '../../../core/data/dataset.ts';
import { decodeGrey } from '../../../core/data/decode.ts';
import { fileFingerprint } from '../../../core/data/file-fingerprint.ts';
import type { ImageSize } from '../../../core/data/image-size.ts';
import { chooseCategory, edgesOf, type KeypointCategory } from './category.ts';
import { type CocoFile, readCocoFiles } from './coco-file.ts';
import { type LabeledImage, labeledImages } from './labeled-image.ts';
import type { CocoKeypointsSettings } from './options.ts';

/**
 * Reads and checks a whole dataset, pixels excepted. Every image of the folder is a sample, whether or not a file lists
 * it; its id is its file name.
 * @throws {DataError} FSX_DATA_INVALID, with all that is wrong.
 */
export async function loadCocoKeypoints(
  settings: CocoKeypointsSettings,
  baseDirectory: string,
): Promise<Dataset> {
  const root = resolve(baseDirectory, settings.root);
  const problems = new Problems();
  const folder = await ImageFolder.open(
    join(root, settings.images),
    rasterFormat(settings.maxMegapixels),
    problems,
  );
  const files = (await readCocoFiles(root, settings.annotations, problems)) ?? [];
  const categories = files.flatMap((file) => chooseCategory(file, settings.category, problems) ?? []);
  const landmarkNames = commonNames(files, categories, problems);
  // What follows would only repeat these problems.
  problems.throwIfAny(root);

  const listed = listImages(files, categories, settings, problems);
  const places = new Map<string, Place>([...folder!.names].map((name) => [name, { file: name }]));
  for (const [name, { place }] of listed) places.set(name, place);
  const sizes = await folder!.describe(places, problems);
  for (const [name, image] of listed) checkImage(name, image, sizes.get(name), landmarkNames, problems);
  const mirrorPairs = resolvePairs('mirrorPairs', settings.mirrorPairs, landmarkNames, problems);
  const edges = edgesOf(files[0]!, categories[0]!, problems);
  problems.throwIfAny(root);
  return {
    landmarkNames,
    mirrorPairs,
    edges,
    samples: [...sizes.keys()]
      .sort()
      .map((id) => sampleOf(id, sizes.get(id)!, listed.get(id), landmarkNames, settings.spacingMm)),
    read: ({ id }) => decodeGrey(join(folder!.path, id), { maxMegapixels: settings.maxMegapixels }),
    fingerprint: ({ id }) => fileFingerprint(join(folder!.path, id)),
  };
}

/** The keypoints that the files agree on. */
function commonNames(
  files: readonly CocoFile[],
  categories: readonly KeypointCategory[],
  problems: Problems,
): readonly string[] {
  const names = categories[0]?.keypoints ?? [];
  categories.forEach(({ keypoints }, index) => {
    if (isDeepStrictEqual(keypoints, names)) return;
    const other = files[0]!.file;
    problems.add(jsonPlace(files[index]!.file, '/categories'), `the keypoints are not those of ${other}`);
  });
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  if (twice.length > 0) {
    problems.add(jsonPlace(files[0]!.file, '/categories'), `the keypoint "${twice[0]}" is named twice`);
  }
  return names;
}

/** Every image that a file lists, by its name relative to the folder of images. */
function listImages(
  files: readonly CocoFile[],
  categories: readonly KeypointCategory[],
  settings: CocoKeypointsSettings,
  problems: Problems,
): ReadonlyMap<string, LabeledImage> {
  const listed = new Map<string, LabeledImage>();
  files.forEach((file, index) => {
    for (const image of labeledImages(file, categories[index]!, settings, problems)) {
      const name = posix.normalize(image.image.file_name);
      const first = listed.get(name);
      if (first === undefined) listed.set(name, image);
      else problems.add(image.place, `${name} is listed again (first in ${first.place.file})`);
    }
  });
  return listed;
}

function checkImage(
  name: string,
  { place, image, points, keypointsPlace }: LabeledImage,
  size: ImageSize | undefined,
  landmarkNames: readonly string[],
  problems: Problems,
): void {
  if (size === undefined) return;
  const { width = size.width, height = size.height } = image;
  if (width !== size.width || height !== size.height) {
    problems.add(place, `says ${width} x ${height}, and ${name} has ${size.width} x ${size.height} pixels`);
  }
  points.forEach((point, landmark) => {
    const problem = point && outsideProblem(landmarkNames[landmark]!, point, name, size);
    if (problem) problems.add(keypointsPlace, problem);
  });
}

function sampleOf(
  id: string,
  { width, height }: ImageSize,
  labeled: LabeledImage | undefined,
  landmarkNames: readonly string[],
  spacingMm: number | null,
): Sample {
  return {
    id,
    width,
    height,
    landmarks: labeled?.points ?? landmarkNames.map(() => null),
    ...(labeled?.split !== undefined && { split: labeled.split }),
    ...(spacingMm !== null && { spacing: { xMm: spacingMm, yMm: spacingMm } }),
  };
}
