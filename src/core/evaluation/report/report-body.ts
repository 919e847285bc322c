import { cumulativeCurve } from '../cumulative-curve.ts';
import type { Metrics } from '../metrics-schema.ts';
import { commonUnit, radialErrors } from '../radial-error.ts';
import { boxPlot, lineChart, type Series } from './charts.ts';
import { edgeGraph, edgeHeatMap } from './edge-graph.ts';
import {
  decimals,
  duration,
  percent,
  presentSets,
  SET_STYLES,
  seriesColour,
  withInterval,
} from './format.ts';
import { type Html, html } from './html.ts';
import { facts, figure, table } from './page.ts';
import { radiusSection } from './radius-section.ts';
import type { ReportInput, StageFacts } from './report-input.ts';
import type { TrainingCurve } from './training-curves.ts';

/** @param images data URI of each case, in the order of `input.cases`. */
export function reportBody(input: ReportInput, images: readonly string[]): Html {
  return html`${header(input)}${headline(input)}${errorCharts(input)}${landmarkTables(input)}${radiusSection(
    input.metrics.conformal,
  )}${trainingSection(input)}${casesSection(input, images)}${edgeSection(input)}
<h2>Recipe</h2><details><summary>The resolved recipe</summary><pre>${input.recipe}</pre></details>`;
}

function header({ facts: run }: ReportInput): Html {
  const total = run.stages.reduce((sum, { seconds }) => sum + seconds, 0);
  const { labeled, unlabeled, validation, test } = run.setSizes;
  return html`<header><h1>${run.name}</h1><p class="muted">${run.dataset}: ${labeled} labeled, ${unlabeled} unlabeled, ${validation} validation, ${test} test images</p>
${facts([
  ['Recipe', run.recipeHash],
  ['Commit', run.commit ?? 'not a git checkout'],
  ['Seed', String(run.seed)],
  ['Engine', run.engine],
  ['Parameters', run.parameterCount.toLocaleString('en-US')],
  ...run.stages.map(
    ({ name, steps, seconds }) => [`Stage ${name}`, `${steps} steps, ${duration(seconds)}`] as const,
  ),
  ['Training time', duration(total)],
])}</header>`;
}

function headline({ metrics }: ReportInput): Html {
  const sets = presentSets<Metrics>(metrics);
  const first = sets[0]?.[1];
  if (first === undefined) return html`<p>No test image was evaluated.</p>`;
  return html`<h2>Result on the test images</h2>
${first.notice === undefined ? undefined : html`<p class="notice" role="note">${first.notice}</p>`}
<div class="headline">${sets.map(
    ([set, { overall, unit }]) =>
      html`<div class="card"><span><span class="key" style="background:${SET_STYLES[set].colour}"></span>${
        SET_STYLES[set].label
      }</span><strong>${decimals(overall.mre.value)} ${unit}</strong><span class="muted">mean radial error, ${percent(
        first.interval.confidence,
      ).replace(
        '.0',
        '',
      )} interval ${decimals(overall.mre.low)} to ${decimals(overall.mre.high)}</span></div>`,
  )}</div>
${table({
  caption: `${first.images} images, ${first.overall.points} points. Lengths in ${first.unit}; intervals by ${first.interval.method}`,
  columns: ['', ...summaryColumns(first), 'Failed images', 'Failed points', 'AUC', 'NME'],
  rows: sets.map(([set, { overall }]) => [
    SET_STYLES[set].label,
    ...summaryCells(overall),
    withInterval(overall.failureRate.images, percent),
    withInterval(overall.failureRate.points, percent),
    withInterval(overall.auc, (value) => value.toFixed(3)),
    overall.nme === undefined ? 'unknown' : withInterval(overall.nme, percent),
  ]),
})}
<p class="muted">SDR: share of points within the radius. Failed: further off than ${first.failureRadius} ${first.unit} (an image by its
mean). AUC: area under the cumulative error curve up to ${first.curveLimit} ${first.unit}. NME: error divided by the ${first.nmeReference}.</p>`;
}

function summaryColumns({ overall, unit }: Metrics): string[] {
  return ['MRE ± SD', 'Median', ...overall.sdr.map(({ radius }) => `SDR ${radius} ${unit}`)];
}

function summaryCells({ mre, sd, median, sdr }: Metrics['overall']): Html[] {
  return [
    html`${decimals(mre.value)} ± ${decimals(sd)}<small>${decimals(mre.low)} to ${decimals(mre.high)}</small>`,
    withInterval(median, decimals),
    ...sdr.map(({ rate }) => withInterval(rate, percent)),
  ];
}

/** More boxes than this take the width of the page. */
const MOST_BOXES_BESIDE = 9;

function errorCharts({ metrics, predictions, landmarkNames }: ReportInput): Html {
  const sets = presentSets(predictions);
  const [primary] = sets;
  if (primary === undefined) return html``;
  const unit = commonUnit(primary[1]);
  const errorsOf = (set: (typeof sets)[number][1]) => set.map((prediction) => radialErrors(prediction, unit));
  const limit = metrics[primary[0]]?.curveLimit ?? 1;
  const cumulative = lineChart(
    sets.map(([set, items]) => ({
      ...SET_STYLES[set],
      points: cumulativeCurve(
        errorsOf(items)
          .flat()
          .filter((error) => error !== null),
        limit,
      ),
    })),
    {
      description: `Share of points by radial error, up to ${limit} ${unit}; the table above holds its values at the radii`,
      xLabel: `radial error (${unit})`,
      yLabel: 'share of points',
      xMax: limit,
      yMax: 1,
    },
  );
  const table = errorsOf(primary[1]);
  const boxes = landmarkNames.flatMap((label, landmark) => {
    const values = table.map((errors) => errors[landmark] ?? null).filter((error) => error !== null);
    return values.length === 0 ? [] : [{ label, values }];
  });
  const label = SET_STYLES[primary[0]].label;
  const plot = boxPlot(boxes, {
    description: `Radial errors of the ${label.toLowerCase()} by landmark; the table below holds median and mean`,
    yLabel: `radial error (${unit})`,
  });
  return html`<h2>Errors</h2><div class="pair">${figure(cumulative, 'Cumulative error curve: the share of points at most this far off.')}${figure(
    boxes.length > MOST_BOXES_BESIDE ? html`<div class="wide">${plot}</div>` : plot,
    `${label}, error by landmark: quartiles, whiskers to 1.5 interquartile ranges, points beyond.`,
  )}</div>`;
}

function landmarkTables({ metrics }: ReportInput): Html {
  const sections = presentSets<Metrics>(metrics)
    .filter(([set]) => set !== 'meanShape')
    .map(([set, result], index) => {
      const content = table({
        caption: `${SET_STYLES[set].label}, by landmark, in ${result.unit}`,
        columns: ['Landmark', 'Points', ...summaryColumns(result)],
        rows: result.landmarks.map((landmark, row) => [
          `${row + 1}. ${landmark.name}`,
          landmark.points,
          ...summaryCells(landmark),
        ]),
      });
      return index === 0
        ? content
        : html`<details><summary>${SET_STYLES[set].label}, by landmark</summary>${content}</details>`;
    });
  return html`<h2>Landmarks</h2>${sections}`;
}

function trainingSection({ curves, facts: run }: ReportInput): Html {
  const losses = curves.filter(({ name }) => name.startsWith('train/loss'));
  const validation = curves.filter(({ name }) => name.startsWith('val/') && name.endsWith('mre_px'));
  if (losses.length === 0 && validation.length === 0) return html``;
  const marks = stageMarks(run.stages);
  const lossChart = lineChart(toSeries(losses, 'train/'), {
    description: 'Training losses over the steps, by name and stage',
    xLabel: 'step',
    yLabel: 'loss (log scale)',
    yScale: 'log',
    marks,
  });
  const validationChart = lineChart(toSeries(validation, 'val/'), {
    description: 'Mean radial error on the validation images over the steps, in pixels',
    xLabel: 'step',
    yLabel: 'validation MRE (px)',
    marks,
  });
  return html`<h2>Training</h2><div class="pair">${
    losses.length > 0 ? figure(lossChart, 'Training losses. Dashed lines: where a stage begins.') : undefined
  }${validation.length > 0 ? figure(validationChart, 'Mean radial error on the validation images.') : undefined}</div>`;
}

function toSeries(curves: readonly TrainingCurve[], prefix: string): Series[] {
  return curves.map(({ name, points }, index) => ({
    label: name.slice(prefix.length),
    colour: seriesColour(index),
    // A logarithmic axis has no place for a loss that is exactly zero.
    points: prefix === 'train/' ? points.filter(([, value]) => value > 0) : points,
  }));
}

function stageMarks(stages: readonly StageFacts[]): { x: number; label: string }[] {
  let begin = 0;
  return stages.map(({ name, steps }) => {
    const mark = { x: begin, label: name };
    begin += steps;
    return mark;
  });
}

function casesSection({ cases }: ReportInput, images: readonly string[]): Html {
  const groups = (['best', 'worst'] as const).map((kind) => {
    const figures = cases.flatMap((item, index) => {
      if (item.kind !== kind) return [];
      const error = `${decimals(item.meanError)} ${item.unit}`;
      const alt = `Image ${item.id} with true and predicted landmarks, mean error ${error}`;
      return [figure(html`<img src="${images[index]}" alt="${alt}">`, `${item.id}: mean error ${error}`)];
    });
    return figures.length === 0
      ? undefined
      : html`<h3>${kind === 'best' ? 'Smallest' : 'Largest'} mean error</h3><div class="cases">${figures}</div><br>`;
  });
  return cases.length === 0 ? html`` : html`<h2>Best and worst cases</h2>${groups}`;
}

function edgeSection({ edgeMatrices, meanShape, landmarkNames }: ReportInput): Html {
  if (edgeMatrices.length === 0) return html``;
  const drawings = edgeMatrices.map(
    (matrix) =>
      html`<h3>${matrix.name}</h3><div class="pair graph">${figure(
        edgeGraph(matrix, meanShape, landmarkNames),
        'Mean of both directions over the mean shape; thicker is stronger.',
      )}${figure(edgeHeatMap(matrix, landmarkNames), 'Every weight: row i holds how much node i hears each node.')}</div><br>`,
  );
  return html`<h2>Learned edges</h2><p class="muted"><span class="key" style="background:var(--positive)"></span>positive
&ensp;<span class="key" style="background:var(--negative)"></span>negative</p>${drawings}
<p class="muted">${landmarkNames.map((name, index) => `${index + 1} ${name}`).join(' · ')}</p>`;
}
