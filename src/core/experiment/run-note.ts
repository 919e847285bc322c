import type { MetricsFile } from '../evaluation/metrics-schema.ts';
import { measuredSets } from '../evaluation/result-tables.ts';
import type { Recipe } from '../recipe/schema.ts';
import type { RunHeader } from './events.ts';

/** What a run is, in Markdown, for the head of its page in the tracker. */
export function runNote(header: RunHeader, recipe: Recipe): string {
  const { labeled, unlabeled, validation, test } = header.setSizes;
  const { backbone, head } = recipe.model;
  const stages = recipe.stages.map(({ name, ssl, steps }) => `${name} (${ssl.type}, ${steps} steps)`);
  return [
    `**${header.name}**, seed ${header.seed}`,
    '',
    `- data: ${recipe.data.dataset.type}; ${labeled} labeled, ${unlabeled} unlabeled, ${validation} validation, ${test} test`,
    `- model: ${backbone.type} + ${head.type}, ${header.parameters.toLocaleString('en')} parameters`,
    `- stages: ${stages.join(' → ')}`,
    `- engine: ${header.engine}`,
    `- recipe: \`${header.recipeFile}\` (${header.recipeHash.slice(0, 12)}), commit ${header.commit}`,
  ].join('\n');
}

/** How good it became, to be put below `runNote`. */
export function resultNote(metrics: MetricsFile): string {
  const { conformal } = metrics;
  const sets = measuredSets(metrics);
  const { unit, images, overall, notice } = sets[0]![1];
  const head = [
    'weights',
    `MRE (${unit})`,
    '95 % interval',
    ...overall.sdr.map(({ radius }) => `≤ ${radius} ${unit}`),
  ];
  const rows = sets.map(([name, { overall: row }]) => [
    name,
    row.mre.value.toFixed(2),
    `${row.mre.low.toFixed(2)} – ${row.mre.high.toFixed(2)}`,
    ...row.sdr.map(({ rate }) => `${(100 * rate.value).toFixed(1)} %`),
  ]);
  const radius = conformal?.teacher.pooled.radius ?? null;
  return [
    `Test: ${images} images. ${notice ?? ''}`.trimEnd(),
    '',
    ...[head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`),
    ...(radius === null
      ? []
      : ['', `Error radius at ${100 * conformal!.level} %: ${radius.toFixed(2)} ${unit}`]),
  ].join('\n');
}
