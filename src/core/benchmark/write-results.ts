import { join } from 'node:path';
import { stringify } from 'csv-stringify/sync';
import { writeFileAtomically } from '../atomic-file.ts';
import { markdownTable } from '../trials/text-table.ts';
import { explanations, methodTable, seedTable } from './result-table.ts';
import type { BenchmarkResults, DatasetResults, MethodResults } from './results.ts';
import { resultsPage } from './results-page.ts';

/**
 * Writes `results.md`, `results.csv`, `results.html` and `results.json`.
 * @returns their paths.
 * @throws {RunError} FSX_WRITE_FAILED.
 */
export async function writeResults(directory: string, results: BenchmarkResults): Promise<string[]> {
  const texts = {
    'results.md': markdown(results),
    'results.csv': csv(results),
    'results.html': resultsPage(results),
    'results.json': `${JSON.stringify(results, null, 2)}\n`,
  };
  const files = Object.entries(texts).map(([name, text]) => [join(directory, name), text] as const);
  for (const [file, text] of files) await writeFileAtomically(file, [text]);
  return files.map(([file]) => file);
}

function markdown(results: BenchmarkResults): string {
  const { name, description, engine, commits, datasets, unfinished } = results;
  const paragraphs = [
    `# ${name}`,
    ...(description === '' ? [] : [description.trim()]),
    `Engine ${engine}, commit ${commits.join(', ') || 'unknown'}.`,
    ...datasets.flatMap((dataset) => [
      `## ${dataset.name}`,
      markdownTable(methodTable(dataset)),
      markdownTable(seedTable(dataset)),
    ]),
    ...methodList(results),
    ...(unfinished.length === 0 ? [] : ['## Without results', unfinishedList(results)]),
    '## How to read this',
    explanations(results)
      .map((text) => `- ${text}`)
      .join('\n'),
  ];
  return `${paragraphs.join('\n\n')}\n`;
}

function methodList({ methods }: BenchmarkResults): string[] {
  const described = methods.filter(({ description }) => description !== '');
  if (described.length === 0) return [];
  return [
    '## Methods',
    described.map(({ name, description }) => `- ${name}: ${description.trim()}`).join('\n'),
  ];
}

function unfinishedList({ unfinished }: BenchmarkResults): string {
  return unfinished
    .map(({ trial, state, error }) => `- ${trial}: ${state}${error === null ? '' : `. ${firstLine(error)}`}`)
    .join('\n');
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]!;
}

/** One line a dataset and method, numbers as they are. */
function csv({ datasets }: BenchmarkResults): string {
  const records = datasets.flatMap((dataset) => dataset.methods.map((method) => csvRecord(dataset, method)));
  const columns = [...new Set(records.flatMap((record) => Object.keys(record)))];
  return stringify(records, { header: true, columns });
}

function csvRecord({ name, test, unit }: DatasetResults, method: MethodResults) {
  const { mre, versus, sdr } = method;
  const rates = sdr.map(({ radius, rate }) => [`sdr_${radius}${unit}`, rate] as const);
  return {
    dataset: name,
    test,
    unit,
    method: method.name,
    seeds: method.seeds.length,
    steps: method.steps,
    shared_steps: method.sharedSteps,
    mre: mre.value,
    mre_sd_seeds: mre.sd,
    mre_low: mre.interval?.[0],
    mre_high: mre.interval?.[1],
    sd: method.sd,
    median: method.median,
    ...Object.fromEntries(rates),
    failed_images: method.failedImages,
    against: versus?.against,
    difference: versus?.difference.value,
    difference_low: versus?.difference.interval?.[0],
    difference_high: versus?.difference.interval?.[1],
    p: versus?.pValue,
    p_holm: versus?.adjustedPValue,
    wall_seconds: method.wallSeconds,
    cpu_seconds: method.cpuSeconds,
  };
}
