import type { PixelSpacing } from '../dataset.ts';
import type { AnnotatedFolderSettings } from './options.ts';
import type { Place, Problems } from './problems.ts';
import { findColumn, imageName, readNumber, type Table, type TableRow } from './table.ts';

/** What the table of images says of one. */
export interface SampleDetails {
  readonly place: Place;
  readonly split?: string;
  readonly patientId?: string;
  readonly spacing?: PixelSpacing;
}

/** Reads a table of images; `undefined`, with the problems noted, when it lacks columns. */
export function readDetails(
  table: Table,
  { sampleColumns }: AnnotatedFolderSettings,
  problems: Problems,
): ReadonlyMap<string, SampleDetails> | undefined {
  const find = (name: string | null) => (name === null ? null : findColumn(table, name, problems));
  const image = findColumn(table, sampleColumns.image, problems);
  const split = find(sampleColumns.split);
  const patient = find(sampleColumns.patient);
  const x = find(sampleColumns.spacingXMm ?? sampleColumns.spacingYMm);
  const y = find(sampleColumns.spacingYMm ?? sampleColumns.spacingXMm);
  if (image === undefined || split === undefined || patient === undefined) return undefined;
  if (x === undefined || y === undefined) return undefined;
  const details = new Map<string, SampleDetails>();
  for (const row of table.rows) {
    const name = imageName(row.cells[image]!);
    const first = details.get(name);
    if (first !== undefined) {
      problems.add(row.place, `image ${row.cells[image]} is given again (first in line ${first.place.line})`);
      continue;
    }
    const spacing = x === null || y === null ? undefined : readSpacing(row, table, x, y, problems);
    const part = split === null ? '' : row.cells[split]!;
    const patientId = patient === null ? '' : row.cells[patient]!;
    details.set(name, {
      place: row.place,
      ...(part !== '' && { split: part }),
      ...(patientId !== '' && { patientId }),
      ...(spacing !== undefined && { spacing }),
    });
  }
  return details;
}

function readSpacing(
  row: TableRow,
  table: Table,
  x: number,
  y: number,
  problems: Problems,
): PixelSpacing | undefined {
  const [xMm, yMm] = [x, y].map((column) =>
    readNumber(row.cells[column]!, table.columns[column]!, row.place, problems),
  );
  if (xMm === undefined || yMm === undefined || (xMm === null && yMm === null)) return undefined;
  if (xMm !== null && yMm !== null && xMm > 0 && yMm > 0) return { xMm, yMm };
  problems.add(
    row.place,
    `the pixel spacing ${xMm ?? '(empty)'} x ${yMm ?? '(empty)'} mm is not two positive numbers`,
  );
  return undefined;
}
