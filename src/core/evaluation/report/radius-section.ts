import type { Conformal, ErrorRadius } from '../metrics-schema.ts';
import { decimals, percent } from './format.ts';
import { type Html, html } from './html.ts';
import { table } from './page.ts';

/** How near the true landmarks lie to those of the teacher, or why nobody knows. */
export function radiusSection(conformal: Conformal | undefined): Html {
  if (conformal === undefined) return html``;
  const { level, unit, images, notice, teacher, method } = conformal;
  const heading = html`<h2>Error radius</h2>`;
  if (notice !== undefined) return html`${heading}<p class="notice" role="note">${notice}</p>`;
  return html`${heading}${table({
    caption: `Teacher, radius in ${unit} that is to hold ${percent(level)} of the true landmarks; by ${method} (${images})`,
    columns: ['Landmark', 'Radius', 'Test points within'],
    rows: [
      ['All landmarks', ...cells(teacher.pooled)],
      ...teacher.landmarks.map((landmark) => [landmark.name, ...cells(landmark)]),
    ],
  })}`;
}

function cells({ radius, coverage }: ErrorRadius): string[] {
  return [radius === null ? 'infinite' : decimals(radius), coverage === null ? 'unknown' : percent(coverage)];
}
