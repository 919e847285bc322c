import type { Estimate } from '../bootstrap.ts';
import { PREDICTION_SETS, type PredictionSet } from '../predictions-csv.ts';
import { type Html, html } from './html.ts';

/** What a set is called in a report, and the CSS variable of its colour in every chart. */
export const SET_STYLES: Readonly<Record<PredictionSet, { label: string; colour: string }>> = {
  teacher: { label: 'Teacher', colour: 'var(--series-1)' },
  student: { label: 'Student', colour: 'var(--series-2)' },
  ensemble: { label: 'Ensemble', colour: 'var(--series-4)' },
  meanShape: { label: 'Mean shape', colour: 'var(--series-3)' },
};

const SERIES_COLOURS = [1, 2, 4, 5, 6, 3].map((index) => `var(--series-${index})`);

/** A colour for the n-th of several alike: runs, losses, methods. */
export function seriesColour(index: number): string {
  return SERIES_COLOURS[index % SERIES_COLOURS.length] as string;
}

/** The sets that are there, in a fixed order. */
export function presentSets<T>(sets: { readonly [set in PredictionSet]?: T }): [PredictionSet, T][] {
  return PREDICTION_SETS.flatMap((set): [PredictionSet, T][] => {
    const value = sets[set];
    return value === undefined ? [] : [[set, value]];
  });
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

export function decimals(value: number): string {
  return value.toFixed(2);
}

export function signed(value: number): string {
  return `${value > 0 ? '+' : value < 0 ? '−' : ''}${decimals(Math.abs(value))}`;
}

/** A value with its interval in small print below. */
export function withInterval(estimate: Estimate, format: (value: number) => string): Html {
  const { value, low, high } = estimate;
  return html`${format(value)}<small>${format(low).replace(' %', '')} to ${format(high).replace(' %', '')}</small>`;
}

export function pValue(p: number): string {
  return p < 0.0001 ? '< 0.0001' : p.toFixed(4);
}

export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes} min ${Math.round(seconds % 60)} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
