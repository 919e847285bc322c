import type { Dataset, Sample } from '../data/dataset.ts';
import { type Split, type SplitRequest, splitSamples } from '../data/split.ts';
import type { Recipe } from '../recipe/schema.ts';

/** The images that a recipe may train with, and those that it keeps apart. */
export interface TrainingPool {
  /** By id. */
  readonly samples: readonly Sample[];
  /** Lists of the parts that the recipe gives as counts: drawn anew, they would be others beside other labeled images. */
  readonly drawn: Partial<Pick<Split, 'validation' | 'test'>>;
}

/**
 * All that is neither validated nor tested on, whether it has landmarks or not.
 * @throws {DataError} where the parts that are kept apart cannot be had.
 */
export function trainingPool({ samples }: Dataset, { data, seed }: Recipe): TrainingPool {
  const { labeled } = data.split;
  const request: SplitRequest = {
    ...data.split,
    labeled: typeof labeled === 'object' ? labeled : [],
    unlabeled: 'rest',
  };
  const split = splitSamples(samples, request, data.split.seed ?? seed);
  const ids = new Set([...split.labeled, ...split.unlabeled]);
  const drawn = (['validation', 'test'] as const).filter(
    (part) => typeof data.split[part] === 'number' && split[part].length > 0,
  );
  return {
    samples: samples.filter(({ id }) => ids.has(id)).sort((a, b) => (a.id < b.id ? -1 : 1)),
    drawn: Object.fromEntries(drawn.map((part) => [part, split[part]])),
  };
}
