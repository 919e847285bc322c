import type { Metrics, MetricsFile } from './metrics-schema.ts';
import { PREDICTION_COLUMNS, type PredictionSets, predictionRecords } from './predictions-csv.ts';

type Cell = string | number | null;

/** A table as MLflow shows it: pandas' JSON with `orient="split"`. */
export interface ResultTable {
  readonly columns: readonly string[];
  readonly data: readonly (readonly Cell[])[];
}

/** Fractions with five digits, as its narrow columns show them; `metrics.json` and the CSV files have all. */
export function resultTable(columns: readonly string[], rows: readonly (readonly Cell[])[]): ResultTable {
  return { columns, data: rows.map((row) => row.map(shortCell)) };
}

/** What `predictions.csv` holds of the teacher. */
export function predictionsTable(
  { teacher = [] }: PredictionSets,
  landmarkNames: readonly string[],
): ResultTable {
  return resultTable(PREDICTION_COLUMNS, predictionRecords({ teacher }, landmarkNames));
}

/** What was measured, by the name that people read. */
export function measuredSets({ teacher, student, ensemble, meanShape }: MetricsFile): [string, Metrics][] {
  return Object.entries({ teacher, student, ensemble, 'mean shape': meanShape }).filter(
    (entry): entry is [string, Metrics] => entry[1] !== undefined,
  );
}

/** A row for each set of weights, over all landmarks and for each. */
export function metricsTable(metrics: MetricsFile): ResultTable {
  const sets = measuredSets(metrics);
  const { unit = 'px', overall } = sets[0]?.[1] ?? {};
  const rates = (overall?.sdr ?? []).map(({ radius }) => `sdr_${radius}${unit}`);
  const columns = [
    ...['weights', 'landmark', 'points'],
    ...[`mre_${unit}`, `sd_${unit}`, `median_${unit}`, 'mre_px'],
    ...rates,
  ];
  const rows = sets.flatMap(([set, { overall: all, landmarks }]) =>
    [{ name: 'all', ...all }, ...landmarks].map((row) => [
      set,
      ...[row.name, row.points, row.mre.value, row.sd, row.median.value, row.mrePx],
      ...row.sdr.map(({ rate }) => rate.value),
    ]),
  );
  return resultTable(columns, rows);
}

function shortCell(cell: Cell): Cell {
  return typeof cell !== 'number' || Number.isInteger(cell) ? cell : Number(cell.toPrecision(5));
}
