import { writeFile } from 'node:fs/promises';
import type { ComparedRun, Comparison } from '../comparison.ts';
import { cumulativeCurve } from '../cumulative-curve.ts';
import { differenceBars, lineChart, pairedScatter } from './charts.ts';
import { decimals, percent, pValue, seriesColour, signed, withInterval } from './format.ts';
import { type Html, html } from './html.ts';
import { figure, page, table } from './page.ts';

/** Writes the comparison as one self-contained HTML page. */
export async function writeComparisonPage(file: string, comparison: Comparison): Promise<void> {
  await writeFile(file, page('fsx comparison of runs', body(comparison)));
}

function body(comparison: Comparison): Html {
  const { runs, images, weights, reference, notices } = comparison;
  return html`<h1>Comparison of ${runs.length} runs</h1>
<p class="muted">${images.length} common test images, ${weights} weights, differences to ${reference}</p>
${notices.map((notice) => html`<p class="notice" role="note">${notice}</p>`)}
<h2>Results</h2>${resultTable(comparison)}
<p class="muted">Difference: mean over the common images of (mean error of the run − mean error of ${reference}), with its bootstrap
interval over images; negative is better. p: two-sided Wilcoxon signed-rank test on the same pairs.</p>
<h2>Cumulative error</h2>${cumulative(comparison)}
${runs.slice(1).map((run) => pairSection(run, comparison))}`;
}

function resultTable({ runs, unit }: Comparison): Html {
  const radii = runs[0]?.metrics.overall.sdr.map(({ radius }) => radius) ?? [];
  return table({
    caption: `Lengths in ${unit}; 95 % intervals in small print`,
    columns: [
      'Run',
      'MRE ± SD',
      'Median',
      ...radii.map((radius) => `SDR ${radius} ${unit}`),
      'Failed images',
      'Difference',
      'p',
    ],
    rows: runs.map(({ name, metrics: { overall }, versusReference }) => [
      name,
      html`${decimals(overall.mre.value)} ± ${decimals(overall.sd)}<small>${decimals(overall.mre.low)} to ${decimals(overall.mre.high)}</small>`,
      withInterval(overall.median, decimals),
      ...radii.map((radius) => {
        const entry = overall.sdr.find((item) => item.radius === radius);
        return entry === undefined ? '–' : withInterval(entry.rate, percent);
      }),
      withInterval(overall.failureRate.images, percent),
      versusReference === undefined ? 'reference' : withInterval(versusReference.difference, signed),
      versusReference === undefined ? '' : pValue(versusReference.pValue),
    ]),
  });
}

function cumulative({ runs, unit }: Comparison): Html {
  const limit = Math.max(...runs.map(({ metrics }) => metrics.curveLimit));
  const chart = lineChart(
    runs.map(({ name, errors }, index) => ({
      label: name,
      colour: seriesColour(index),
      points: cumulativeCurve(errors, limit),
    })),
    {
      description: `Share of points by radial error, up to ${limit} ${unit}, one line a run`,
      xLabel: `radial error (${unit})`,
      yLabel: 'share of points',
      xMax: limit,
      yMax: 1,
    },
  );
  return html`<div class="single">${figure(chart, 'The share of points at most this far off, on the common images.')}</div>`;
}

function pairSection(run: ComparedRun, { runs, unit, reference }: Comparison): Html {
  const before = runs[0]?.imageErrors ?? [];
  const pairs = run.imageErrors.map((error, image) => [before[image] ?? 0, error] as const);
  const differences = pairs.map(([old, now]) => now - old);
  const better = differences.filter((difference) => difference < 0).length;
  const verdict = `${better} of ${pairs.length} images have a smaller error than in ${reference}`;
  return html`<h2>${run.name} against ${reference}</h2><p class="muted">${verdict}.</p><div class="pair">${figure(
    pairedScatter(pairs, {
      description: `Mean error of each image in both runs; ${verdict}`,
      xLabel: `${reference} (${unit})`,
      yLabel: `${run.name} (${unit})`,
    }),
    'One dot an image; below the dashed line the run is better.',
  )}${figure(
    differenceBars(differences, {
      description: `Differences of the images from smallest to largest; ${verdict}`,
      xLabel: 'images, by difference',
      yLabel: `difference (${unit})`,
    }),
    'Difference of each image; below zero the run is better.',
  )}</div>`;
}
