import { join, resolve } from 'node:path';
import type { Dataset, Sample } from '../dataset.ts';
import { ImageFolder } from './image-folder.ts';
import type { ImageFacts, ImageFormat } from './image-format.ts';
import { resolvePairs } from './landmark-pairs.ts';
import { type Annotations, readAnnotations } from './landmark-table.ts';
import type { AnnotatedFolderSettings } from './options.ts';
import { outsideProblem } from './outside-problem.ts';
import { type Place, Problems } from './problems.ts';
import { readDetails, type SampleDetails } from './sample-table.ts';
import { readTable } from './table.ts';

/**
 * Reads and checks a whole dataset, pixels excepted. Every image of the folder is a sample, whether or not the tables
 * name it; its id is its file name.
 * @throws {DataError} FSX_DATA_INVALID, with all that is wrong.
 */
export async function loadAnnotatedFolder(
  settings: AnnotatedFolderSettings,
  format: ImageFormat,
  baseDirectory: string,
): Promise<Dataset> {
  const root = resolve(baseDirectory, settings.root);
  const problems = new Problems();
  const folder = await ImageFolder.open(join(root, settings.images), format, problems);
  const annotations = await loadAnnotations(root, settings, problems);
  const details = await loadDetails(root, settings, problems);
  if (folder === undefined || annotations === undefined || details === undefined) {
    problems.throwIfAny(root);
    throw new Error('a part of the dataset is missing without a problem noted');
  }
  const places = placesOf(folder, annotations, details);
  const facts = await folder.describe(places, problems);
  checkPoints(annotations, facts, problems);
  const mirrorPairs = resolvePairs('mirrorPairs', settings.mirrorPairs, annotations.landmarkNames, problems);
  const edges = resolvePairs('edges', settings.edges, annotations.landmarkNames, problems);
  if (places.size === 0) problems.add({ file: folder.path }, `the folder has no ${format.name}`);
  problems.throwIfAny(root);
  return {
    landmarkNames: annotations.landmarkNames,
    mirrorPairs,
    edges,
    samples: [...facts.keys()]
      .sort()
      .map((id) => sampleOf(id, facts.get(id)!, annotations, details.get(id), settings.spacingMm)),
    read: ({ id }) => format.read(join(folder.path, id)),
    fingerprint: ({ id }) => format.fingerprint(join(folder.path, id)),
  };
}

async function loadAnnotations(root: string, settings: AnnotatedFolderSettings, problems: Problems) {
  const table = await readTable(resolve(root, settings.landmarks), problems);
  return table && readAnnotations(table, settings, problems);
}

async function loadDetails(root: string, settings: AnnotatedFolderSettings, problems: Problems) {
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
  facts: ReadonlyMap<string, ImageFacts>,
  problems: Problems,
): void {
  for (const [image, { points }] of images) {
    const size = facts.get(image);
    if (size === undefined) continue;
    for (const [landmark, { place, point }] of points) {
      const problem = point && outsideProblem(landmark, point, image, size);
      if (problem) problems.add(place, problem);
    }
  }
}

/** What the table of images says comes before what the image file says. */
function sampleOf(
  id: string,
  facts: ImageFacts,
  annotations: Annotations,
  details: SampleDetails | undefined,
  spacingMm: number | null,
): Sample {
  const points = annotations.images.get(id)?.points;
  const constant = spacingMm === null ? undefined : { xMm: spacingMm, yMm: spacingMm };
  const spacing = details?.spacing ?? facts.spacing ?? constant;
  const patientId = details?.patientId ?? facts.patientId;
  return {
    id,
    width: facts.width,
    height: facts.height,
    landmarks: annotations.landmarkNames.map((name) => points?.get(name)?.point ?? null),
    ...(details?.split !== undefined && { split: details.split }),
    ...(patientId !== undefined && { patientId }),
    ...(spacing !== undefined && { spacing }),
  };
}
