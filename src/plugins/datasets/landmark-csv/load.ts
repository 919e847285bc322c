import { join, resolve } from 'node:path';
import type { Dataset, Sample } from '../../../core/data/dataset.ts';
import { decodeGrey, type ImageSize } from '../../../core/data/decode.ts';
import { nearestNames } from '../../../core/plugins/nearest.ts';
import { ImageFolder } from './image-folder.ts';
import { type Annotations, readAnnotations } from './landmark-table.ts';
import type { LandmarkCsvSettings } from './options.ts';
import { type Place, Problems } from './problems.ts';
import { readDetails, type SampleDetails } from './sample-table.ts';
import { readTable } from './table.ts';

/** How far outside the outermost pixel centres a point may lie: the image ends half a pixel beyond them. */
const TOLERANCE_PX = 0.5;

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
  const mirrorPairs = resolvePairs('mirrorPairs', settings, annotations.landmarkNames, problems);
  const edges = resolvePairs('edges', settings, annotations.landmarkNames, problems);
  if (places.size === 0) problems.add({ file: folder.path }, 'the folder has no PNG, JPEG or TIFF image');
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
      if (point === null || (within(point[0], size.width) && within(point[1], size.height))) continue;
      const where = `(${point[0]}, ${point[1]})`;
      problems.add(
        place,
        `landmark "${landmark}" at ${where} lies outside ${image} (${size.width} x ${size.height})`,
      );
    }
  }
}

function within(position: number, length: number): boolean {
  return position >= -TOLERANCE_PX && position <= length - 1 + TOLERANCE_PX;
}

function resolvePairs(
  option: 'mirrorPairs' | 'edges',
  settings: LandmarkCsvSettings,
  names: readonly string[],
  problems: Problems,
): [number, number][] {
  const indexOf = (landmark: string | number): number => {
    const index = typeof landmark === 'number' ? landmark : names.indexOf(landmark);
    if (index >= 0 && index < names.length) return index;
    const near = nearestNames(String(landmark), names);
    const hint = near.length > 0 ? `did you mean ${near.join(' or ')}?` : `known: ${names.join(', ')}`;
    problems.add(
      { file: `data.dataset.${option}` },
      `there is no landmark ${JSON.stringify(landmark)}; ${hint}`,
    );
    return 0;
  };
  return settings[option].map(([first, second]) => [indexOf(first), indexOf(second)]);
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
