import { jsonPlace } from '../../../core/data/annotated-folder/json-file.ts';
import type { Problems } from '../../../core/data/annotated-folder/problems.ts';
import { nearestNames } from '../../../core/plugins/nearest.ts';
import type { CocoCategory, CocoFile } from './coco-file.ts';

/** The category that is read, with its keypoints. */
export type KeypointCategory = CocoCategory & { readonly keypoints: readonly string[] };

/** The category called `name`, or the only one with keypoints; `undefined`, with the problem noted, otherwise. */
export function chooseCategory(
  { file, content }: CocoFile,
  name: string | null,
  problems: Problems,
): KeypointCategory | undefined {
  const place = jsonPlace(file, '/categories');
  const candidates = content.categories.filter(hasKeypoints);
  const known = candidates.map((category) => category.name);
  const chosen = name === null ? candidates : candidates.filter((category) => category.name === name);
  if (chosen.length === 1) return chosen[0];
  if (known.length === 0) problems.add(place, 'no category has keypoints');
  else if (name === null) {
    problems.add(place, `several have keypoints: ${known.join(', ')}; name one in data.dataset.category`);
  } else {
    const near = nearestNames(name, known);
    const hint =
      near.length > 0 ? `did you mean ${near.join(' or ')}?` : `with keypoints: ${known.join(', ')}`;
    problems.add(
      place,
      chosen.length > 1 ? `several are called "${name}"` : `there is no category "${name}"; ${hint}`,
    );
  }
  return undefined;
}

/** The skeleton as pairs of landmark numbers from 0; COCO counts keypoints from 1. */
export function edgesOf(
  { file, content }: CocoFile,
  category: KeypointCategory,
  problems: Problems,
): [number, number][] {
  const count = category.keypoints.length;
  const pointer = `/categories/${content.categories.indexOf(category)}/skeleton`;
  return (category.skeleton ?? []).map((edge, index) => {
    const isPair =
      edge.length === 2 && edge.every((one) => Number.isInteger(one) && one >= 1 && one <= count);
    if (!isPair) {
      const given = JSON.stringify(edge);
      problems.add(
        jsonPlace(file, `${pointer}/${index}`),
        `${given} is not two keypoints, counted from 1 to ${count}`,
      );
    }
    return [edge[0]! - 1, edge[1]! - 1];
  });
}

function hasKeypoints(category: CocoCategory): category is KeypointCategory {
  return category.keypoints !== undefined && category.keypoints.length > 0;
}
