import { parallelCoordinates } from '../evaluation/report/charts.ts';
import { type Html, html } from '../evaluation/report/html.ts';
import { figure, page, table } from '../evaluation/report/page.ts';
import { shortLabels, valueText } from './names.ts';
import { pointTable, settingPaths, trialTable } from './result-table.ts';
import type { PointResults, SweepResults } from './results.ts';

/** The results as one self-contained HTML page. */
export function resultsPage(results: SweepResults): string {
  return page(`${results.name} · fsx sweep`, body(results));
}

function body(results: SweepResults): Html {
  const { name, description, trialCount, unfinished } = results;
  return html`<h1>${name}</h1>${description === '' ? undefined : html`<p>${description}</p>`}
<p class="muted">${trialCount - unfinished.length} of ${trialCount} trials are finished</p>
${unfinishedNotice(results)}${coordinates(results)}
<h2>Points</h2>${table(pointTable(results))}
<details><summary>Each trial by itself</summary>${table(trialTable(results))}</details>`;
}

function unfinishedNotice({ unfinished }: SweepResults): Html | undefined {
  const failed = unfinished.filter(({ error }) => error !== null);
  if (failed.length === 0) return undefined;
  return html`<div class="notice" role="note">Without results:<ul>${failed.map(
    ({ name, status, error }) => html`<li>${name}: ${status}<pre>${error!}</pre></li>`,
  )}</ul></div>`;
}

/** An axis a setting that differs, and the objective last: a line a point, the best one on top. */
function coordinates(results: SweepResults): Html | undefined {
  const points = results.points.filter(({ mean }) => mean !== null);
  const paths = settingPaths(points).filter(
    (path) => new Set(points.map((point) => coordinate(point, path))).size > 1,
  );
  if (points.length < 2 || paths.length === 0) return undefined;
  const labels = shortLabels(paths);
  const { metric, goal } = results.objective;
  const axes = [
    ...paths.map((path) => ({
      label: labels.get(path)!,
      values: points.map((point) => coordinate(point, path)),
    })),
    { label: metric, values: points.map(({ mean }) => mean!) },
  ];
  const chart = parallelCoordinates(axes, {
    description: `Settings of each point and its ${metric}, one line a point; the table below holds the numbers`,
  });
  const caption = `One line a point, mean over its seeds. The best one (${goal} ${metric}) stands out; the others fade with their rank.`;
  return figure(html`<div class="wide">${chart}</div>`, caption);
}

function coordinate({ params }: PointResults, path: string): number | string {
  const value = params[path];
  return typeof value === 'number' ? value : valueText(value ?? null);
}
