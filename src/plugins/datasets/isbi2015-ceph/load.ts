import { join, posix, resolve } from 'node:path';
import { ImageFolder } from '../../../core/data/annotated-folder/image-folder.ts';
import { outsideProblem } from '../../../core/data/annotated-folder/outside-problem.ts';
import { type Place, Problems } from '../../../core/data/annotated-folder/problems.ts';
import { rasterFormat } from '../../../core/data/annotated-folder/raster-format.ts';
import type { Dataset, Point, Sample } from '../../../core/data/dataset.ts';
import { decodeGrey } from '../../../core/data/decode.ts';
import { fileFingerprint } from '../../../core/data/file-fingerprint.ts';
import type { ImageSize } from '../../../core/data/image-size.ts';
import { type Annotation, meanPoints, placeOf, readAnnotation } from './annotation.ts';
import { EDGES, LANDMARK_NAMES } from './landmarks.ts';
import type { Isbi2015CephSettings } from './options.ts';

type Part = Isbi2015CephSettings['parts'][number];

const PART_FOLDERS: Readonly<Record<Part, string>> = {
  train: 'TrainingData',
  test1: 'Test1Data',
  test2: 'Test2Data',
};

const SPACING = { xMm: 0.1, yMm: 0.1 };

const MAX_MEGAPIXELS = 200;

/** One image: its file in the folder of images, and its part. */
interface Film {
  readonly file: string;
  readonly part: Part;
}

/**
 * Reads and checks the images and annotations of some parts, pixels excepted. A sample's id is the number of its image,
 * `001` to `400`.
 * @throws {DataError} FSX_DATA_INVALID, with all that is wrong.
 */
export async function loadIsbi2015Ceph(
  settings: Isbi2015CephSettings,
  baseDirectory: string,
): Promise<Dataset> {
  const root = resolve(baseDirectory, settings.root);
  const problems = new Problems();
  const folder = await ImageFolder.open(join(root, settings.images), rasterFormat(MAX_MEGAPIXELS), problems);
  if (folder === undefined) problems.throwIfAny(root);

  const films = listFilms(folder!, settings, problems);
  const places = new Map<string, Place>([...films.values()].map(({ file }) => [file, { file }]));
  const sizes = await folder!.describe(places, problems);
  const samples: Sample[] = [];
  for (const [id, { file, part }] of films) {
    const size = sizes.get(file);
    const points = await readPoints(root, settings, id, size, problems);
    if (size === undefined || points === undefined) continue;
    samples.push({ id, split: part, ...size, spacing: SPACING, landmarks: points });
  }
  problems.throwIfAny(root);
  return {
    landmarkNames: LANDMARK_NAMES,
    mirrorPairs: [],
    edges: EDGES,
    samples,
    read: ({ id }) => decodeGrey(join(folder!.path, films.get(id)!.file)),
    fingerprint: ({ id }) => fileFingerprint(join(folder!.path, films.get(id)!.file)),
  };
}

/** The images of the parts, by id. */
function listFilms(
  folder: ImageFolder,
  { parts }: Isbi2015CephSettings,
  problems: Problems,
): ReadonlyMap<string, Film> {
  const films = new Map<string, Film>();
  for (const part of parts) {
    const files = [...folder.names].filter((name) => posix.dirname(name) === PART_FOLDERS[part]).sort();
    if (files.length === 0) {
      const place = { file: join(folder.path, PART_FOLDERS[part]) };
      problems.add(place, `there are no images; leave "${part}" out of data.dataset.parts to do without`);
    }
    for (const file of files) {
      const id = posix.parse(file).name;
      const first = films.get(id);
      if (first === undefined) films.set(id, { file, part });
      else problems.add({ file }, `the image ${id} is there already (${first.file})`);
    }
  }
  return films;
}

/** The landmarks of an image, by whom the settings say. */
async function readPoints(
  root: string,
  { annotations: folder, annotator }: Isbi2015CephSettings,
  id: string,
  size: ImageSize | undefined,
  problems: Problems,
): Promise<readonly Point[] | undefined> {
  const clinicians: readonly string[] = annotator === 'mean' ? ['senior', 'junior'] : [annotator];
  const read: Annotation[] = [];
  for (const clinician of clinicians) {
    const file = posix.join(folder, `400_${clinician}`, `${id}.txt`);
    const annotation = await readAnnotation(join(root, file), file, problems);
    if (annotation === undefined) continue;
    read.push(annotation);
    if (size !== undefined) checkPoints(annotation, id, size, problems);
  }
  return read.length === clinicians.length ? meanPoints(read) : undefined;
}

function checkPoints({ file, points }: Annotation, id: string, size: ImageSize, problems: Problems): void {
  points.forEach((point, landmark) => {
    const problem = outsideProblem(LANDMARK_NAMES[landmark]!, point, `image ${id}`, size);
    if (problem) problems.add(placeOf(file, landmark), problem);
  });
}
