import { nearestNames } from '../../plugins/nearest.ts';
import type { Point } from '../dataset.ts';
import type { AnnotatedFolderSettings } from './options.ts';
import type { Place, Problems } from './problems.ts';
import { findColumn, imageName, readNumber, type Table, type TableRow } from './table.ts';

interface PlacedPoint {
  readonly place: Place;
  /** `null` for empty cells. */
  readonly point: Point | null;
}

/** The landmarks of the images that a table names. */
export interface Annotations {
  /** In the dataset's order. */
  readonly landmarkNames: readonly string[];
  /** For each image, where it is first named, and its landmarks by name. */
  readonly images: ReadonlyMap<string, ImageAnnotations>;
}

interface ImageAnnotations {
  readonly place: Place;
  readonly points: Map<string, PlacedPoint>;
}

/** Reads a table of landmarks; `undefined`, with the problems noted, when it lacks columns. */
export function readAnnotations(
  table: Table,
  settings: AnnotatedFolderSettings,
  problems: Problems,
): Annotations | undefined {
  const { columns, format } = settings;
  const looksLong = [columns.landmark, columns.x, columns.y].filter((name) => table.columns.includes(name));
  const hasWide = wideLandmarks(table, settings).length > 0;
  const long = format === 'long' || (format === 'auto' && (looksLong.length === 3 || !hasWide));
  return long ? readLong(table, settings, problems) : readWide(table, settings, problems);
}

function readLong(
  table: Table,
  settings: AnnotatedFolderSettings,
  problems: Problems,
): Annotations | undefined {
  const { columns } = settings;
  const wanted = [columns.image, columns.landmark, columns.x, columns.y];
  const [image, landmark, x, y] = wanted.map((name) => findColumn(table, name, problems));
  if (image === undefined || landmark === undefined || x === undefined || y === undefined) return undefined;
  const keys = [...new Set(table.rows.map(({ cells }) => cells[landmark]!))];
  const naming = nameKeys(
    keys.filter((key) => key !== ''),
    settings.landmarkNames,
    table.file,
    problems,
  );
  const images = new Map<string, ImageAnnotations>();
  for (const row of table.rows) {
    const key = row.cells[landmark]!;
    const points = pointsOf(images, row, image, problems);
    const name = naming.names.get(key);
    if (points === undefined) continue;
    if (name === undefined) {
      problems.add(row.place, key === '' ? 'the row names no landmark' : unknownLandmark(key, naming.order));
    } else if (points.has(name)) {
      const first = points.get(name)!.place.line;
      problems.add(
        row.place,
        `landmark "${key}" of ${row.cells[image]} is given again (first in line ${first})`,
      );
    } else {
      points.set(name, { place: row.place, point: readPoint(row, table, x, y, problems) });
    }
  }
  return { landmarkNames: naming.order, images };
}

function readWide(
  table: Table,
  settings: AnnotatedFolderSettings,
  problems: Problems,
): Annotations | undefined {
  const { columns } = settings;
  const image = findColumn(table, columns.image, problems);
  const landmarkNames = settings.landmarkNames ?? wideLandmarks(table, settings);
  const pairs = landmarkNames.map((name) => ({
    name,
    x: findColumn(table, columns.wideX.replace('*', name), problems),
    y: findColumn(table, columns.wideY.replace('*', name), problems),
  }));
  if (landmarkNames.length === 0) {
    const pattern = `${columns.wideX} and ${columns.wideY}`;
    problems.add({ file: table.file, line: 1 }, `no column pair looks like ${pattern}`);
  }
  if (image === undefined) return undefined;
  const images = new Map<string, ImageAnnotations>();
  for (const row of table.rows) {
    if (images.has(imageName(row.cells[image]!))) {
      problems.add(row.place, `image ${row.cells[image]} is given again`);
      continue;
    }
    const points = pointsOf(images, row, image, problems);
    for (const { name, x, y } of pairs) {
      if (x === undefined || y === undefined) continue;
      points?.set(name, { place: row.place, point: readPoint(row, table, x, y, problems) });
    }
  }
  return { landmarkNames, images };
}

/** Names that stand for `*` in an x or a y column, in the order of the columns. */
function wideLandmarks(table: Table, { columns }: AnnotatedFolderSettings): string[] {
  const names = table.columns.flatMap((column) => [
    ...starOf(columns.wideX, column),
    ...starOf(columns.wideY, column),
  ]);
  return [...new Set(names)];
}

function starOf(pattern: string, column: string): string[] {
  const [before = '', after = ''] = pattern.split('*');
  const fits =
    column.length > before.length + after.length && column.startsWith(before) && column.endsWith(after);
  return fits ? [column.slice(before.length, column.length - after.length)] : [];
}

function pointsOf(
  images: Map<string, ImageAnnotations>,
  row: TableRow,
  column: number,
  problems: Problems,
): ImageAnnotations['points'] | undefined {
  if (row.cells[column] === '') {
    problems.add(row.place, 'the row names no image');
    return undefined;
  }
  const name = imageName(row.cells[column]!);
  const known = images.get(name) ?? { place: row.place, points: new Map() };
  images.set(name, known);
  return known.points;
}

function readPoint(row: TableRow, table: Table, x: number, y: number, problems: Problems): Point | null {
  const values = [x, y].map((column) =>
    readNumber(row.cells[column]!, table.columns[column]!, row.place, problems),
  );
  const [px, py] = values;
  if (px === undefined || py === undefined) return null;
  if (px !== null && py !== null) return [px, py];
  if (px !== py) problems.add(row.place, `only one of ${table.columns[x]} and ${table.columns[y]} is given`);
  return null;
}

/** What the keys of a long table are called, and the order of the landmarks. */
function nameKeys(
  keys: readonly string[],
  given: readonly string[] | null,
  file: string,
  problems: Problems,
): { names: ReadonlyMap<string, string>; order: readonly string[] } {
  const numbered = keys.length > 0 && keys.every((key) => /^\d+$/.test(key));
  const sorted = numbered ? [...keys].sort((a, b) => Number(a) - Number(b)) : [...keys];
  const order = given ?? sorted;
  if (!numbered || sorted.every((key) => order.includes(key))) {
    return { names: new Map(order.map((name) => [name, name])), order };
  }
  if (sorted.length !== order.length) {
    problems.add(
      { file },
      `the table numbers ${sorted.length} landmarks, landmarkNames names ${order.length}`,
    );
  }
  return { names: new Map(sorted.map((key, index) => [key, order[index] ?? key])), order };
}

function unknownLandmark(key: string, order: readonly string[]): string {
  const near = nearestNames(key, order);
  return `landmark "${key}" is not in landmarkNames${near.length > 0 ? `; did you mean ${near.join(' or ')}?` : ''}`;
}
