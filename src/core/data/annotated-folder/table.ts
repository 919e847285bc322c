import { readFile, stat } from 'node:fs/promises';
import { basename, posix } from 'node:path';
import { CsvError, parse } from 'csv-parse/sync';
import { nearestNames } from '../../plugins/nearest.ts';
import type { Place, Problems } from './problems.ts';

const LARGEST_TABLE_BYTES = 256e6;
const DELIMITERS = [',', ';', '\t'] as const;

export interface TableRow {
  readonly place: Place;
  readonly cells: readonly string[];
}

/** A CSV file: its header and its rows, each with its line. */
export interface Table {
  readonly file: string;
  readonly columns: readonly string[];
  readonly rows: readonly TableRow[];
}

/** Reads a comma, semicolon or tab separated table; `undefined`, with the problem noted, when it cannot be read. */
export async function readTable(path: string, problems: Problems): Promise<Table | undefined> {
  const file = basename(path);
  try {
    const { size } = await stat(path);
    if (size > LARGEST_TABLE_BYTES) throw new Error(`the table has ${Math.round(size / 1e6)} MB`);
    return parseTable(file, await readFile(path, 'utf8'), problems);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const line = error instanceof CsvError && typeof error.lines === 'number' ? { line: error.lines } : {};
    problems.add({ file, ...line }, missing ? `there is no file ${path}` : (error as Error).message);
    return undefined;
  }
}

function parseTable(file: string, content: string, problems: Problems): Table | undefined {
  const records = parse(content, {
    bom: true,
    delimiter: likeliestDelimiter(content),
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    trim: true,
  }) as unknown as { record: string[]; info: { lines: number } }[];
  const [header, ...body] = records;
  if (header === undefined) {
    problems.add({ file }, 'the table is empty');
    return undefined;
  }
  const columns = header.record;
  const rows = body.map(({ record, info }) => ({ place: { file, line: info.lines }, cells: record }));
  for (const { place, cells } of rows) {
    if (cells.length === columns.length) continue;
    problems.add(place, `the row has ${cells.length} cells, the header ${columns.length}`);
  }
  return { file, columns, rows: rows.filter(({ cells }) => cells.length === columns.length) };
}

function likeliestDelimiter(content: string): string {
  const header = content.slice(0, content.search(/[\r\n]|$/));
  const counts = DELIMITERS.map((delimiter) => header.split(delimiter).length);
  return DELIMITERS[counts.indexOf(Math.max(...counts))] ?? ',';
}

/** The position of a column; `undefined`, with the problem and the nearest column noted, when the table lacks it. */
export function findColumn(table: Table, name: string, problems: Problems): number | undefined {
  const index = table.columns.indexOf(name);
  if (index >= 0) return index;
  const near = nearestNames(name, table.columns);
  const hint =
    near.length > 0 ? `did you mean ${near.join(' or ')}?` : `its columns: ${table.columns.join(', ')}`;
  problems.add({ file: table.file, line: 1 }, `there is no column "${name}"; ${hint}`);
  return undefined;
}

/** A number; `null` for an empty cell; `undefined`, with the problem noted, for anything else. */
export function readNumber(
  text: string,
  column: string,
  place: Place,
  problems: Problems,
): number | null | undefined {
  if (text === '') return null;
  const value = Number(text);
  if (Number.isFinite(value)) return value;
  problems.add(place, `"${text}" in column ${column} is not a number`);
  return undefined;
}

/** An image's name as this dataset knows it: relative to the folder of images, with forward slashes. */
export function imageName(cell: string): string {
  return posix.normalize(cell.replaceAll('\\', '/'));
}
