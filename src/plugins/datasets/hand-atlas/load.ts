import { readFile } from 'node:fs/promises';
import { dirname, join, posix, resolve } from 'node:path';
import { ImageFolder } from '../../../core/data/annotated-folder/image-folder.ts';
import { outsideProblem } from '../../../core/data/annotated-folder/outside-problem.ts';
import { type Place, Problems } from '../../../core/data/annotated-folder/problems.ts';
import { rasterFormat } from '../../../core/data/annotated-folder/raster-format.ts';
import type { Dataset, PixelSpacing, Sample } from '../../../core/data/dataset.ts';
import { decodeGrey } from '../../../core/data/decode.ts';
import { fileFingerprint } from '../../../core/data/file-fingerprint.ts';
import type { ImageSize } from '../../../core/data/image-size.ts';
import { filmId, LANDMARK_COUNT, type LandmarkRow, readLandmarkRows } from './landmark-rows.ts';
import type { HandAtlasSettings } from './options.ts';

const LANDMARK_NAMES = Array.from({ length: LANDMARK_COUNT }, (_, landmark) => String(landmark));

/** The ends of ulna and radius, the bases of the metacarpals, and each finger from there, thumb first. */
const EDGES: readonly (readonly [number, number])[] = [
  [0, 2],
  [3, 4],
  ...chain(13, 14, 15, 16, 17),
  ...chain(17, 18, 19, 20),
  ...chain(16, 21, 22, 23, 24),
  ...chain(15, 25, 26, 27, 28),
  ...chain(14, 29, 30, 31, 32),
  ...chain(13, 33, 34, 35, 36),
];

/**
 * Reads and checks a whole dataset, pixels excepted. Every image of the folder is a sample, with the file's name without
 * its ending as its id; rows of the table without an image are left out (the table describes all of the atlas).
 * @throws {DataError} FSX_DATA_INVALID, with all that is wrong.
 */
export async function loadHandAtlas(settings: HandAtlasSettings, baseDirectory: string): Promise<Dataset> {
  const root = resolve(baseDirectory, settings.root);
  const table = join(root, settings.landmarks);
  const problems = new Problems();
  const folder = await ImageFolder.open(
    join(root, settings.images),
    rasterFormat(settings.maxMegapixels),
    problems,
  );
  const rows = await readLandmarkRows(table, problems);
  const splits = await readSplits(dirname(table), settings.fold, problems);
  if (folder === undefined) problems.throwIfAny(root);

  const files = filesById(folder!, problems);
  const places = new Map<string, Place>(
    [...files].map(([id, file]) => [file, rows.get(filmId(id))?.place ?? { file }]),
  );
  const sizes = await folder!.describe(places, problems);
  const samples = [...files].map(([id, file]): Sample => {
    const row = rows.get(filmId(id));
    const size = sizes.get(file);
    if (row && size) checkPoints(row, file, size, problems);
    const spacing = row && spacingOf(row, settings, problems);
    const split = splits.get(filmId(id));
    return {
      ...{ id, width: size?.width ?? 0, height: size?.height ?? 0 },
      landmarks: row?.points ?? LANDMARK_NAMES.map(() => null),
      ...(spacing !== undefined && { spacing }),
      ...(split !== undefined && { split }),
    };
  });
  checkMatches(folder!, table, samples, rows, problems);
  problems.throwIfAny(root);
  return {
    landmarkNames: LANDMARK_NAMES,
    mirrorPairs: [],
    edges: EDGES,
    samples,
    read: ({ id }) =>
      decodeGrey(join(folder!.path, files.get(id)!), { maxMegapixels: settings.maxMegapixels }),
    fingerprint: ({ id }) => fileFingerprint(join(folder!.path, files.get(id)!)),
  };
}

function chain(...landmarks: readonly number[]): [number, number][] {
  return landmarks.slice(1).map((landmark, index) => [landmarks[index]!, landmark]);
}

/** The lists of a fold: which film belongs to which part. */
async function readSplits(
  folder: string,
  fold: number | null,
  problems: Problems,
): Promise<ReadonlyMap<string, string>> {
  const splits = new Map<string, string>();
  if (fold === null) return splits;
  for (const split of ['train', 'test']) {
    const file = posix.join('cv', `set${fold}`, `${split}.txt`);
    const text = await readFile(join(folder, file), 'utf8').catch((error: Error) => {
      problems.add({ file }, `the list of a fold cannot be read (${error.message})`);
      return '';
    });
    text.split(/\r?\n/).forEach((line, index) => {
      const id = filmId(line);
      if (splits.has(id))
        problems.add({ file, line: index + 1 }, `film ${id} is listed already (${splits.get(id)})`);
      else if (id !== '') splits.set(id, split);
    });
  }
  return splits;
}

/** The image files in the order of their names, by id. */
function filesById(folder: ImageFolder, problems: Problems): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  const known = new Map<string, string>();
  for (const file of [...folder.names].sort()) {
    const id = posix.parse(file).name;
    const first = known.get(filmId(id));
    if (first !== undefined) problems.add({ file }, `film ${filmId(id)} has an image already (${first})`);
    known.set(filmId(id), file);
    files.set(id, file);
  }
  return files;
}

function checkPoints(
  { place, points }: LandmarkRow,
  file: string,
  size: ImageSize,
  problems: Problems,
): void {
  points.forEach((point, landmark) => {
    const problem = outsideProblem(LANDMARK_NAMES[landmark]!, point, file, size);
    if (problem) problems.add(place, problem);
  });
}

function spacingOf(
  { place, points }: LandmarkRow,
  { wrist, wristWidthMm }: HandAtlasSettings,
  problems: Problems,
): PixelSpacing | undefined {
  const [[ax, ay], [bx, by]] = [points[wrist[0]]!, points[wrist[1]]!];
  const widthPx = Math.hypot(ax - bx, ay - by);
  if (widthPx > 0) return { xMm: wristWidthMm / widthPx, yMm: wristWidthMm / widthPx };
  problems.add(place, `landmarks ${wrist[0]} and ${wrist[1]} lie at one place, so the wrist has no width`);
  return undefined;
}

function checkMatches(
  folder: ImageFolder,
  table: string,
  samples: readonly Sample[],
  rows: ReadonlyMap<string, LandmarkRow>,
  problems: Problems,
): void {
  if (samples.length === 0) {
    problems.add(
      { file: folder.path },
      'the folder has no PNG, JPEG, TIFF or BMP image; convert .mha files to PNG',
    );
  } else if (rows.size > 0 && !samples.some(({ id }) => rows.has(filmId(id)))) {
    problems.add({ file: table }, `no row is about an image of the folder, such as ${samples[0]!.id}`);
  }
}
