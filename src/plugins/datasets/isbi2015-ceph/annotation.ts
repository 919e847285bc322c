import { readFile } from 'node:fs/promises';
import type { Place, Problems } from '../../../core/data/annotated-folder/problems.ts';
import type { Point } from '../../../core/data/dataset.ts';
import { LANDMARK_NAMES } from './landmarks.ts';

const POSITION = /^\s*(-?\d+(?:\.\d+)?)\s*,\s*(-?\d+(?:\.\d+)?)\s*$/;

/** The landmarks that one clinician marked in one image, in the order of the file. */
export interface Annotation {
  readonly file: string;
  readonly points: readonly Point[];
}

/** Reads `001.txt` of a clinician; `undefined`, with the problems noted, when it has not 19 positions. */
export async function readAnnotation(
  path: string,
  file: string,
  problems: Problems,
): Promise<Annotation | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    problems.add({ file }, missing ? 'there is no such annotation file' : (error as Error).message);
    return undefined;
  }
  const lines = text.split(/\r?\n/);
  const points = LANDMARK_NAMES.map((name, index) =>
    readPosition(lines[index], name, placeOf(file, index), problems),
  );
  // The anatomical types after the landmarks are one number a line.
  const surplus = lines.findIndex((line, index) => index >= points.length && line.includes(','));
  if (surplus >= 0)
    problems.add({ file, line: surplus + 1 }, `a position after the ${points.length} landmarks`);
  return points.includes(undefined) ? undefined : { file, points: points as Point[] };
}

/** Where a landmark stands in an annotation file. */
export function placeOf(file: string, landmark: number): Place {
  return { file, line: landmark + 1 };
}

/** Each landmark half-way between its positions in all annotations of an image. */
export function meanPoints(annotations: readonly Annotation[]): Point[] {
  return LANDMARK_NAMES.map((_, landmark) => {
    const mean = (axis: 0 | 1) =>
      annotations.reduce((sum, { points }) => sum + points[landmark]![axis], 0) / annotations.length;
    return [mean(0), mean(1)];
  });
}

function readPosition(
  line: string | undefined,
  name: string,
  place: Place,
  problems: Problems,
): Point | undefined {
  const [, x, y] = POSITION.exec(line ?? '') ?? [];
  if (x !== undefined && y !== undefined) return [Number(x), Number(y)];
  const given = line === undefined || line.trim() === '' ? 'nothing' : `"${line.trim()}"`;
  problems.add(place, `${given} instead of x,y for landmark "${name}"`);
  return undefined;
}
