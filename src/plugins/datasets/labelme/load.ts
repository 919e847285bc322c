import { readdir } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { ImageFolder } from '../../../core/data/annotated-folder/image-folder.ts';
import { resolvePairs } from '../../../core/data/annotated-folder/landmark-pairs.ts';
import { outsideProblem } from '../../../core/data/annotated-folder/outside-problem.ts';
import { type Place, Problems } from '../../../core/data/annotated-folder/problems.ts';
import { rasterFormat } from '../../../core/data/annotated-folder/raster-format.ts';
import type { Dataset, Sample } from '../../../core/data/dataset.ts';
import { decodeGrey, type ImageSource, readImageSize } from '../../../core/data/decode.ts';
import { fileFingerprint } from '../../../core/data/file-fingerprint.ts';
import type { ImageSize } from '../../../core/data/image-size.ts';
import { FsxError } from '../../../core/errors.ts';
import { nearestNames } from '../../../core/plugins/nearest.ts';
import { embeddedImage, type LabelmeAnnotation, readAnnotation } from './annotation-file.ts';
import type { LabelmeSettings } from './options.ts';

/**
 * Reads and checks a whole dataset, pixels excepted. Every image in the folder is a sample, whether or not a file
 * describes it; its id is its name relative to the folder. Where the image of a file is not in the folder, the pixels
 * inside the file are taken.
 * @throws {DataError} FSX_DATA_INVALID, with all that is wrong.
 */
export async function loadLabelme(settings: LabelmeSettings, baseDirectory: string): Promise<Dataset> {
  const root = resolve(baseDirectory, settings.root);
  const problems = new Problems();
  const folder = await ImageFolder.open(root, rasterFormat(settings.maxMegapixels), problems);
  const annotations = await readAnnotations(root, settings, problems);
  const landmarkNames = settings.landmarkNames ?? sortedLabels(annotations.values());
  // What follows would only repeat these problems.
  if (folder === undefined || annotations.size === 0) problems.throwIfAny(root);

  const embedded = new Set(
    [...annotations.values()].filter(({ image, hasImageData }) => hasImageData && !folder!.names.has(image)),
  );
  const sizes = new Map([
    ...(await folder!.describe(placesOf(folder!, annotations, embedded), problems)),
    ...(await embeddedSizes(root, embedded, settings.maxMegapixels, problems)),
  ]);
  for (const annotation of annotations.values()) {
    checkAnnotation(annotation, sizes.get(annotation.image), landmarkNames, problems);
  }
  const mirrorPairs = resolvePairs('mirrorPairs', settings.mirrorPairs, landmarkNames, problems);
  const edges = resolvePairs('edges', settings.edges, landmarkNames, problems);
  problems.throwIfAny(root);
  const embeddedIn = (id: string) => {
    const annotation = annotations.get(id);
    return annotation !== undefined && embedded.has(annotation) ? annotation : undefined;
  };
  return {
    landmarkNames,
    mirrorPairs,
    edges,
    samples: [...sizes.keys()]
      .sort()
      .map((id) => sampleOf(id, sizes.get(id)!, annotations.get(id), landmarkNames, settings.spacingMm)),
    read: async ({ id }) => {
      const annotation = embeddedIn(id);
      const source: ImageSource = annotation ? await embeddedImage(root, annotation.file) : join(root, id);
      return decodeGrey(source, { maxMegapixels: settings.maxMegapixels });
    },
    fingerprint: ({ id }) => fileFingerprint(join(root, embeddedIn(id)?.file ?? id)),
  };
}

/** The annotations of a folder, by the name of their image. */
async function readAnnotations(
  root: string,
  settings: LabelmeSettings,
  problems: Problems,
): Promise<ReadonlyMap<string, LabelmeAnnotation>> {
  const annotations = new Map<string, LabelmeAnnotation>();
  for (const file of await listFiles(root, settings.annotations, problems)) {
    const annotation = await readAnnotation(root, file, settings.pixelOrigin, problems);
    if (annotation === undefined) continue;
    const first = annotations.get(annotation.image);
    if (first === undefined) annotations.set(annotation.image, annotation);
    else problems.add(jsonPath(file), `${annotation.image} has a file already: ${first.file}`);
  }
  return annotations;
}

async function listFiles(root: string, folder: string, problems: Problems): Promise<string[]> {
  const path = join(root, folder);
  try {
    const files = (await readdir(path, { recursive: true })).filter((name) => /\.json$/i.test(name)).sort();
    if (files.length === 0) problems.add({ file: path }, 'the folder has no JSON file');
    return files.map((file) => relative(root, join(path, file)).split(sep).join('/'));
  } catch (error) {
    problems.add({ file: path }, `the folder of annotations cannot be read (${(error as Error).message})`);
    return [];
  }
}

/** By number where all are numbers, else by code units: the same on every machine. */
function sortedLabels(annotations: Iterable<LabelmeAnnotation>): string[] {
  const labels = [...new Set([...annotations].flatMap(({ points }) => [...points.keys()]))].sort();
  return labels.every((label) => /^\d+$/.test(label)) ? labels.sort((a, b) => Number(a) - Number(b)) : labels;
}

/** Every image that is read from a file of its own, and where a problem with it should point. */
function placesOf(
  folder: ImageFolder,
  annotations: ReadonlyMap<string, LabelmeAnnotation>,
  embedded: ReadonlySet<LabelmeAnnotation>,
): ReadonlyMap<string, Place> {
  const places = new Map<string, Place>([...folder.names].map((name) => [name, { file: name }]));
  for (const [image, annotation] of annotations) {
    if (!embedded.has(annotation)) places.set(image, jsonPath(annotation.file));
  }
  return places;
}

async function embeddedSizes(
  root: string,
  embedded: ReadonlySet<LabelmeAnnotation>,
  maxMegapixels: number,
  problems: Problems,
): Promise<Map<string, ImageSize>> {
  const sizes = new Map<string, ImageSize>();
  for (const { file, image } of embedded) {
    try {
      sizes.set(image, await readImageSize(await embeddedImage(root, file), { maxMegapixels }));
    } catch (error) {
      if (!(error instanceof FsxError)) throw error;
      problems.add({ file }, error.message);
    }
  }
  return sizes;
}

function checkAnnotation(
  { file, image, width, height, points }: LabelmeAnnotation,
  size: ImageSize | undefined,
  landmarkNames: readonly string[],
  problems: Problems,
): void {
  for (const [label, { place, point }] of points) {
    if (!landmarkNames.includes(label)) problems.add(place, unknownLabel(label, landmarkNames));
    const problem = size && outsideProblem(label, point, image, size);
    if (problem) problems.add(place, problem);
  }
  if (size === undefined) return;
  if ((width ?? size.width) !== size.width || (height ?? size.height) !== size.height) {
    problems.add(
      { file },
      `says ${width} x ${height}, and ${image} has ${size.width} x ${size.height} pixels`,
    );
  }
}

function unknownLabel(label: string, landmarkNames: readonly string[]): string {
  const near = nearestNames(label, landmarkNames);
  return `the point "${label}" is not in landmarkNames${near.length > 0 ? `; did you mean ${near.join(' or ')}?` : ''}`;
}

function jsonPath(file: string): Place {
  return { file: `${file}: imagePath` };
}

function sampleOf(
  id: string,
  { width, height }: ImageSize,
  annotation: LabelmeAnnotation | undefined,
  landmarkNames: readonly string[],
  spacingMm: number | null,
): Sample {
  return {
    id,
    width,
    height,
    landmarks: landmarkNames.map((name) => annotation?.points.get(name)?.point ?? null),
    ...(spacingMm !== null && { spacing: { xMm: spacingMm, yMm: spacingMm } }),
  };
}
