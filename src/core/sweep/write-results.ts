import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { stringify } from 'csv-stringify/sync';
import { parseDocument } from 'yaml';
import { writeFileAtomically } from '../atomic-file.ts';
import { type ResultTable, resultTable } from '../evaluation/result-tables.ts';
import { markdownTable } from '../trials/text-table.ts';
import type { SweepManifest } from './manifest.ts';
import { pointTable, trialTable } from './result-table.ts';
import { bestPoint, type SweepResults } from './results.ts';
import { resultsPage } from './results-page.ts';

/** In the sweep's folder: the finished trials as a tracker shows tables. */
export const TRIALS_TABLE = 'tables/trials.json';

/**
 * Writes `results.md`, `results.csv`, `results.html` and `tables/trials.json`, and the recipe of the best point as `best.yaml`.
 * @returns their paths.
 * @throws {RunError} FSX_WRITE_FAILED.
 */
export async function writeResults(manifest: SweepManifest, results: SweepResults): Promise<string[]> {
  const best = await bestRecipe(manifest, results);
  const records = trialRecords(results);
  const texts = {
    'results.md': markdown(results),
    'results.csv': csv(records),
    'results.html': resultsPage(results),
    [TRIALS_TABLE]: JSON.stringify(trialsTable(records)),
    ...(best === undefined ? {} : { 'best.yaml': best }),
  };
  const files = Object.entries(texts).map(([name, text]) => [join(manifest.directory, name), text] as const);
  await mkdir(join(manifest.directory, dirname(TRIALS_TABLE)), { recursive: true });
  for (const [file, text] of files) await writeFileAtomically(file, [text]);
  return files.map(([file]) => file);
}

function markdown(results: SweepResults): string {
  const { name, description, unfinished } = results;
  const paragraphs = [
    `# ${name}`,
    ...(description === '' ? [] : [description.trim()]),
    markdownTable(pointTable(results)),
    markdownTable(trialTable(results)),
    ...(unfinished.length === 0 ? [] : ['## Without results', unfinishedList(results)]),
  ];
  return `${paragraphs.join('\n\n')}\n`;
}

function unfinishedList({ unfinished }: SweepResults): string {
  return unfinished
    .map(
      ({ name, status, error }) =>
        `- ${name}: ${status}${error === null ? '' : `. ${error.split('\n', 1)[0]}`}`,
    )
    .join('\n');
}

function csv(records: TrialRow[]): string {
  return stringify(records, { header: true, columns: columnsOf(records) });
}

function trialsTable(records: readonly TrialRow[]): ResultTable {
  const columns = columnsOf(records);
  const rows = records.map((record) => columns.map((column) => record[column] ?? null));
  return resultTable(columns, rows);
}

type TrialRow = Readonly<Record<string, string | number | null>>;

/** One a finished trial, numbers as they are. */
function trialRecords({ objective, points }: SweepResults): TrialRow[] {
  return points.flatMap(({ trials }) =>
    trials.map(({ trial, value, test, seconds }) => ({
      trial: trial.number,
      ...Object.fromEntries(Object.entries(trial.params).map(([path, one]) => [path, cell(one)])),
      seed: trial.seed,
      [objective.metric]: value,
      ...test,
      seconds,
      run: trial.run,
    })),
  );
}

function columnsOf(records: readonly TrialRow[]): string[] {
  return [...new Set(records.flatMap((record) => Object.keys(record)))];
}

function cell(value: unknown): TrialRow[string] {
  if (value === null || typeof value === 'number') return value;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** The recipe of the best point's first seed, with a word on where it comes from. */
async function bestRecipe(manifest: SweepManifest, results: SweepResults): Promise<string | undefined> {
  const best = bestPoint(results);
  if (best === undefined) return undefined;
  const { trial } = best.trials[0]!;
  const document = parseDocument(await readFile(manifest.recipeFile(trial), 'utf8'));
  document.set('name', `${manifest.name}-best`);
  const { metric, goal } = results.objective;
  const base = relative(process.cwd(), trial.baseDirectory) || '.';
  document.commentBefore = [
    ` The best of ${results.points.length} points of the sweep ${manifest.name}: ${goal} ${metric}, mean over seeds ${best.mean!.toPrecision(5)}.`,
    ` Relative paths start at another folder: fsx run best.yaml --base ${base}`,
  ].join('\n');
  return String(document);
}
