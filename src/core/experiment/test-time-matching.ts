import type { ImageStore } from '../data/image-store.ts';
import { RunError } from '../errors.ts';
import { DEFAULT_MATCHING, type Example, inFrame, LandmarkMatcher } from '../matching/landmark-matcher.ts';
import type { Recipe } from '../recipe/schema.ts';
import { inRaster, rasterOf } from './rasters.ts';

/** Moves landmarks `[landmarks, 2]` of the frame of a stored image to where it looks like the labeled ones. */
export type TestTimeMatching = (store: ImageStore, position: number, landmarks: Float32Array) => Float32Array;

/**
 * What `evaluation.matching` asks for; `undefined` where it asks for nothing.
 * @param examples the labeled images that the model was trained with.
 * @throws {RunError} FSX_EXAMPLES_MISSING.
 */
export function testTimeMatching(
  { matching }: Recipe['evaluation'],
  examples: readonly Example[],
): TestTimeMatching | undefined {
  if (!matching) return undefined;
  if (examples.length === 0) throw examplesMissing();
  const matcher = new LandmarkMatcher(examples, DEFAULT_MATCHING);
  return (store, position, landmarks) => {
    const image = rasterOf(store, position);
    return inFrame(image, matcher.match(image, inRaster(image, landmarks)));
  };
}

function examplesMissing(): RunError {
  return new RunError(
    'FSX_EXAMPLES_MISSING',
    'evaluation.matching compares images with the labeled ones, and the checkpoint does not hold these',
    {
      suggestion:
        'Only a run whose recipe has evaluation.matching keeps them: train with it, or set it to false.',
    },
  );
}
