import { join, resolve } from 'node:path';
import type { Dataset, Sample } from '../../../core/data/dataset.ts';
import { decodeGrey, type ImageSize } from '../../../core/data/decode.ts';
import { resolvePairs } from '../annotations/landmark-pairs.ts';
import { outsideProblem } from '../annotations/outside-problem.ts';
import { ImageFolder } from './image-folder.ts';
import { type Annotations, readAnnotations } from './landmark-table.ts';
import type { LandmarkCsvSettings } from './options.ts';
import { type Place, Problems } from './problems.ts';
import { readDetails, type SampleDetails } from './sample-table.ts';
import { readTable } from './table.ts';

/**
 * Reads and checks a whole dataset, pixels excepted. Every image of the folder is a sample, whether or not the tables
 * name it; its id is its file name.
 * @throws {DataError} FSX_DATA_INVALID, with all that is wrong.
 */
export async function loadLandmarkCsv(
  settings: LandmarkCsvSettings,
  baseDirectory: string,
): Promise<Dataset> {
  const root = resolve(baseDirectory, settings.root);
  const problems = new Problems();
  const folder = await ImageFolder.open(join(root, settings.images), problems);
  const annotations = await loadAnnotations(root, settings, problems);
  const details = await loadDetails(root, settings, problems);
  if (folder === undefined || annotations === undefined || details === undefined) {
    problems.throwIfAny(root);
    throw new Error('a part of the dataset is missing without a problem noted');
  }
  const places = placesOf(folder, annotations, details);
  const sizes = await folder.sizes(places, settings.maxMegapixels, problems);
  checkPoints(annotations, sizes, problems);
  const mirrorPairs = resolvePairs('mirrorPairs', settings.mirrorPairs, annotations.landmarkNames, problems);
  const edges = resolvePairs('edges', settings.edges, annotations.landmarkNames, problems);
  if (places.size === 0)
    problems.add({ file: folder.path }, 'the folder has no PNG, JPEG, TIFF or BMP image');
  problems.throwIfAny(root);
  return {
    landmarkNames: annotations.landmarkNames,
    mirrorPairs,
    edges,
    samples: [...sizes.keys()]
      .sort()
      .map((id) => sampleOf(id, sizes.get(id)!, annotations, details.get(id), settings.spacingMm)),
    read: ({ id }) => decodeGrey(join(folder.path, id), { maxMegapixels: settings.maxMegapixels }),
  };
}

async function loadAnnotations(root: string, settings: LandmarkCsvSettings, problems: Problems) {
  const table = await readTable(resolve(root, settings.landmarks), problems);
  return table && readAnnotations(table, settings, problems);
}

async function loadDetails(root: string, settings: LandmarkCsvSettings, problems: Problems) {
  if (settings.samples === null) return new Map<string, SampleDetails>();
  const table = await readTable(resolve(root, settings.samples), problems);
  return table && readDetails(table, settings, problems);
}

/** Every image, and where a problem with it should point. */
function placesOf(
  folder: ImageFolder,
  annotations: Annotations,
  details: ReadonlyMap<string, SampleDetails>,
): ReadonlyMap<string, Place> {
  const places = new Map<string, Place>();
  for (const name of folder.names) places.set(name, { file: name });
  for (const [name, { place }] of details) places.set(name, place);
  for (const [name, { place }] of annotations.images) places.set(name, place);
  return places;
}

function checkPoints(
  { images }: Annotations,
  sizes: ReadonlyMap<string, ImageSize>,
  problems: Problems,
): void {
  for (const [image, { points }] of images) {
    const size = sizes.get(image);
    if (size === undefined) continue;
    for (const [landmark, { place, point }] of points) {
      const problem = point && outsideProblem(landmark, point, image, size);
      if (problem) problems.add(place, problem);
    }
  }
}

function sampleOf(
  id: string,
  { width, height }: ImageSize,
  annotations: Annotations,
  details: SampleDetails | undefined,
  spacingMm: number | null,
): Sample {
  const points = annotations.images.get(id)?.points;
  const constant = spacingMm === null ? undefined : { xMm: spacingMm, yMm: spacingMm };
  const spacing = details?.spacing ?? constant;
  return {
    id,
    width,
    height,
    landmarks: annotations.landmarkNames.map((name) => points?.get(name)?.point ?? null),
    ...(details?.split !== undefined && { split: details.split }),
    ...(details?.patientId !== undefined && { patientId: details.patientId }),
    ...(spacing !== undefined && { spacing }),
  };
}
