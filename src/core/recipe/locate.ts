import type { Finding } from './explain.ts';
import type { Problem } from './problems.ts';
import { placeAt, type RecipeNode } from './tree.ts';

/** Findings at their places; none at a place that already has a problem, such as a missing variable. */
export function locate(findings: readonly Finding[], root: RecipeNode, known: readonly Problem[]): Problem[] {
  return findings
    .map(({ path, target, ...rest }): Problem => ({ ...rest, place: placeAt(root, path, target) }))
    .filter(
      ({ place }) =>
        !known.some(
          (problem) => problem.place.source === place.source && problem.place.start === place.start,
        ),
    );
}
