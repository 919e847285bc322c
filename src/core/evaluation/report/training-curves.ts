import type { TrackedItem } from '../../tracking/tracker.ts';

/** A metric over the steps of the run, e.g. `train/loss.local`. */
export interface TrainingCurve {
  readonly name: string;
  readonly points: readonly (readonly [step: number, value: number])[];
}

/**
 * Collects the curves from what the run tracked; values that are not finite leave a gap. After a
 * resume the steps go back, and what was tracked again takes the place of the lost part.
 */
export function trainingCurves(items: Iterable<TrackedItem>): TrainingCurve[] {
  const curves = new Map<string, [number, number][]>();
  for (const item of items) {
    if (item.kind !== 'metrics') continue;
    for (const [name, value] of Object.entries(item.metrics)) {
      if (!Number.isFinite(value)) continue;
      const points = curves.get(name) ?? [];
      while ((points.at(-1)?.[0] ?? -1) >= item.step) points.pop();
      points.push([item.step, value]);
      curves.set(name, points);
    }
  }
  return [...curves].map(([name, points]) => ({ name, points }));
}
