import type { Dataset } from '../data/dataset.ts';
import { DataError } from '../errors.ts';

/** A dataset whose landmarks come in the order of a model's. */
export interface MatchedDataset {
  readonly dataset: Dataset;
  /** What a reader must know of how they were matched. */
  readonly notice?: string;
}

/**
 * Puts the landmarks of a dataset in the order of a model's: by name, or by number where one of the two only numbers
 * its landmarks.
 * @throws {DataError} FSX_LANDMARKS_DIFFER, with both lists.
 */
export function matchLandmarks(dataset: Dataset, names: readonly string[]): MatchedDataset {
  const theirs = dataset.landmarkNames;
  if (theirs.length !== names.length) throw differ(theirs, names);
  const order = names.map((name) => theirs.indexOf(name));
  if (order.every((index) => index >= 0)) return { dataset: inOrder(dataset, names, order) };
  if (!areNumbers(theirs) && !areNumbers(names)) throw differ(theirs, names);
  const numbered = areNumbers(theirs) ? 'The dataset' : 'The checkpoint';
  return {
    dataset: { ...dataset, landmarkNames: names },
    notice: `${numbered} numbers its landmarks and does not name them: they were matched by their order.`,
  };
}

/** @param order entry i is the place in the dataset of landmark i. */
function inOrder(dataset: Dataset, names: readonly string[], order: readonly number[]): Dataset {
  if (order.every((place, index) => place === index)) return dataset;
  const pairs = (list: Dataset['edges']) =>
    list.map(([a, b]): readonly [number, number] => [order.indexOf(a), order.indexOf(b)]);
  return {
    ...dataset,
    landmarkNames: names,
    mirrorPairs: pairs(dataset.mirrorPairs),
    edges: pairs(dataset.edges),
    samples: dataset.samples.map((sample) => ({
      ...sample,
      landmarks: order.map((place) => sample.landmarks[place]!),
    })),
  };
}

function areNumbers(names: readonly string[]): boolean {
  return names.every((name) => /^\d+$/.test(name));
}

function differ(theirs: readonly string[], names: readonly string[]): DataError {
  const list = (of: readonly string[]) => `${of.length}: ${of.join(', ')}`;
  const message = [
    'the dataset has other landmarks than the checkpoint was trained on',
    `  dataset     ${list(theirs)}`,
    `  checkpoint  ${list(names)}`,
  ].join('\n');
  return new DataError('FSX_LANDMARKS_DIFFER', message, {
    suggestion: 'Evaluate on data with the same landmarks; an option of the dataset may name or choose them.',
  });
}
