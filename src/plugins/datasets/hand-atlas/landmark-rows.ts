import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { CsvError, parse } from 'csv-parse/sync';
import type { Place, Problems } from '../../../core/data/annotated-folder/problems.ts';
import type { Point } from '../../../core/data/dataset.ts';

export const LANDMARK_COUNT = 37;
const COLUMNS = 1 + 2 * LANDMARK_COUNT;

/** The landmarks of one film. */
export interface LandmarkRow {
  readonly place: Place;
  readonly points: readonly Point[];
}

/** Reads `id,x0,y0,…` rows, by the id without leading zeros; faulty ones are noted and left out. */
export async function readLandmarkRows(
  path: string,
  problems: Problems,
): Promise<ReadonlyMap<string, LandmarkRow>> {
  const file = basename(path);
  const rows = new Map<string, LandmarkRow>();
  for (const { record, info } of await readRecords(path, problems)) {
    const place = { file, line: info.lines };
    const points = readPoints(record, place, problems);
    const id = filmId(record[0]!);
    const first = rows.get(id);
    if (first !== undefined)
      problems.add(place, `film ${id} is given again (first in line ${first.place.line})`);
    else if (points !== undefined) rows.set(id, { place, points });
  }
  return rows;
}

/** An id as it is compared: file names may begin with zeros that the table leaves out. */
export function filmId(text: string): string {
  return text.trim().replace(/^0+(?=\d)/, '');
}

interface CsvRecord {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

async function readRecords(path: string, problems: Problems): Promise<CsvRecord[]> {
  try {
    const options = {
      bom: true,
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
    } as const;
    return parse(await readFile(path, 'utf8'), options) as unknown as CsvRecord[];
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const line = error instanceof CsvError && typeof error.lines === 'number' ? { line: error.lines } : {};
    problems.add(
      { file: basename(path), ...line },
      missing ? `there is no file ${path}` : (error as Error).message,
    );
    return [];
  }
}

function readPoints(record: readonly string[], place: Place, problems: Problems): Point[] | undefined {
  if (record.length !== COLUMNS) {
    problems.add(
      place,
      `the row has ${record.length} cells, not an id and ${LANDMARK_COUNT} positions (${COLUMNS})`,
    );
    return undefined;
  }
  const wrong = record.findIndex(
    (cell, column) => column > 0 && (cell === '' || !Number.isFinite(Number(cell))),
  );
  if (wrong > 0) {
    const axis = wrong % 2 === 1 ? 'x' : 'y';
    problems.add(
      place,
      `"${record[wrong]}" as ${axis} of landmark ${Math.floor((wrong - 1) / 2)} is not a number`,
    );
    return undefined;
  }
  return Array.from({ length: LANDMARK_COUNT }, (_, landmark) => [
    Number(record[1 + 2 * landmark]),
    Number(record[2 + 2 * landmark]),
  ]);
}
