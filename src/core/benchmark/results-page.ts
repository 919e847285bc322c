import { dotPlot, lineChart } from '../evaluation/report/charts.ts';
import { seriesColour } from '../evaluation/report/format.ts';
import { type Html, html } from '../evaluation/report/html.ts';
import { figure, page, table } from '../evaluation/report/page.ts';
import { explanations, methodTable, seedTable } from './result-table.ts';
import type { BenchmarkResults, DatasetResults } from './results.ts';

/** The results as one self-contained HTML page. */
export function resultsPage(results: BenchmarkResults): string {
  return page(`${results.name} · fsx benchmark`, body(results));
}

function body(results: BenchmarkResults): Html {
  const { name, description, engine, commits, datasets } = results;
  return html`<h1>${name}</h1>${description === '' ? undefined : html`<p>${description}</p>`}
<p class="muted">engine ${engine}, commit ${commits.join(', ') || 'unknown'}</p>
${unfinishedNotice(results)}${datasets.map(datasetSection)}${methodSection(results)}
<h2>How to read this</h2><ul>${explanations(results).map((text) => html`<li>${text}</li>`)}</ul>`;
}

function unfinishedNotice({ unfinished }: BenchmarkResults): Html | undefined {
  if (unfinished.length === 0) return undefined;
  return html`<div class="notice" role="note">${unfinished.length} trials have no results:<ul>${unfinished.map(
    ({ trial, state, error }) =>
      html`<li>${trial}: ${state}${error === null ? '' : html`<pre>${error}</pre>`}</li>`,
  )}</ul></div>`;
}

function datasetSection(dataset: DatasetResults): Html {
  return html`<h2>${dataset.name}</h2>${table(methodTable(dataset))}
<div class="pair">${figure(errorPlot(dataset), 'One dot a seed; diamond and bar: their mean and its 95 % interval.')}
${figure(cumulativePlot(dataset), 'The share of points at most this far off, all seeds together.')}</div>
<details><summary>Each seed by itself</summary>${table(seedTable(dataset))}</details>`;
}

function errorPlot({ name, unit, methods }: DatasetResults): Html {
  const rows = methods.map(({ name: label, seeds, mre }) => ({
    label,
    dots: seeds.map((seed) => seed.mre),
    mean: mre.value,
    interval: mre.interval,
  }));
  return dotPlot(rows, {
    description: `Mean radial error on ${name} by method and seed; the table above holds the numbers`,
    xLabel: `MRE (${unit})`,
  });
}

function cumulativePlot({ name, unit, methods }: DatasetResults): Html {
  const limit = Math.max(...methods.map(({ cumulative }) => cumulative.at(-1)![0]));
  return lineChart(
    methods.map(({ name: label, cumulative }, index) => ({
      label,
      colour: seriesColour(index),
      points: cumulative,
    })),
    {
      description: `Share of points on ${name} by radial error, up to ${limit} ${unit}, one line a method`,
      xLabel: `radial error (${unit})`,
      yLabel: 'share of points',
      xMax: limit,
      yMax: 1,
    },
  );
}

function methodSection({ methods }: BenchmarkResults): Html | undefined {
  const described = methods.filter(({ description }) => description !== '');
  if (described.length === 0) return undefined;
  const items = described.map(({ name, description }) => html`<li>${name}: ${description}</li>`);
  return html`<h2>Methods</h2><ul>${items}</ul>`;
}
