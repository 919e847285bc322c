import { nearestNames } from '../../plugins/nearest.ts';
import type { Problems } from './problems.ts';

/** A landmark by its name, or by its number from 0. */
type LandmarkReference = string | number;

/** Pairs of landmarks as an option gives them, by number; landmarks that are not there are noted. */
export function resolvePairs(
  option: 'mirrorPairs' | 'edges',
  pairs: readonly (readonly [LandmarkReference, LandmarkReference])[],
  names: readonly string[],
  problems: Problems,
): [number, number][] {
  const indexOf = (landmark: LandmarkReference): number => {
    const index = typeof landmark === 'number' ? landmark : names.indexOf(landmark);
    if (index >= 0 && index < names.length) return index;
    const near = nearestNames(String(landmark), names);
    const hint = near.length > 0 ? `did you mean ${near.join(' or ')}?` : `known: ${names.join(', ')}`;
    problems.add(
      { file: `data.dataset.${option}` },
      `there is no landmark ${JSON.stringify(landmark)}; ${hint}`,
    );
    return 0;
  };
  return pairs.map(([first, second]) => [indexOf(first), indexOf(second)]);
}
