import { jsonPlace } from '../../../core/data/annotated-folder/json-file.ts';
import { fromOrigin, type PixelOrigin } from '../../../core/data/annotated-folder/pixel-origin.ts';
import type { Place, Problems } from '../../../core/data/annotated-folder/problems.ts';
import type { Point } from '../../../core/data/dataset.ts';
import type { KeypointCategory } from './category.ts';
import type { CocoAnnotation, CocoFile, CocoImage } from './coco-file.ts';
import type { CocoKeypointsSettings } from './options.ts';

/** An image that an annotation file lists. */
export interface LabeledImage {
  readonly place: Place;
  readonly split?: string;
  readonly image: CocoImage;
  /** Where its keypoints stand. */
  readonly keypointsPlace: Place;
  /** One entry a landmark; `null` where it is not labeled, and for an image without an annotation throughout. */
  readonly points: readonly (Point | null)[];
}

/** The images of a file with the landmarks of a category. */
export function labeledImages(
  source: CocoFile,
  category: KeypointCategory,
  settings: CocoKeypointsSettings,
  problems: Problems,
): LabeledImage[] {
  const { file, split, content } = source;
  const known = new Map<number, number>();
  content.images.forEach(({ id }, index) => {
    if (!known.has(id)) known.set(id, index);
  });
  const annotations = new Map<number, number[]>();
  content.annotations.forEach((annotation, index) => {
    const place = jsonPlace(file, `/annotations/${index}`);
    if (!known.has(annotation.image_id))
      problems.add(place, `there is no image of id ${annotation.image_id}`);
    if (annotation.category_id !== category.id) return;
    annotations.set(annotation.image_id, [...(annotations.get(annotation.image_id) ?? []), index]);
  });
  return content.images.map((image, index) => {
    const place = jsonPlace(file, `/images/${index}`);
    if (known.get(image.id) !== index) problems.add(place, `the id ${image.id} is given again`);
    const chosen = chooseAnnotation(
      source,
      image,
      annotations.get(image.id) ?? [],
      settings.several,
      problems,
    );
    const keypointsPlace = jsonPlace(file, `/annotations/${chosen}/keypoints`);
    const points =
      chosen === undefined
        ? category.keypoints.map(() => null)
        : readPoints(content.annotations[chosen]!, category, keypointsPlace, settings.pixelOrigin, problems);
    return { place, image, keypointsPlace, points, ...(split !== undefined && { split }) };
  });
}

function chooseAnnotation(
  { file, content }: CocoFile,
  image: CocoImage,
  candidates: readonly number[],
  several: CocoKeypointsSettings['several'],
  problems: Problems,
): number | undefined {
  if (several === 'error' && candidates.length > 1) {
    problems.add(
      jsonPlace(file, `/annotations/${candidates[1]}`),
      `${image.file_name} has ${candidates.length} annotations of the category; set data.dataset.several to choose`,
    );
  }
  const area = (index: number) => areaOf(content.annotations[index]!);
  return [...candidates].sort((a, b) => area(b) - area(a))[0];
}

function areaOf({ area, bbox }: CocoAnnotation): number {
  const [, , width = 0, height = 0] = bbox ?? [];
  return area ?? width * height;
}

/** Visibility 0 is a missing landmark; 1 (hidden) and 2 (visible) are labeled. */
function readPoints(
  { keypoints = [] }: CocoAnnotation,
  category: KeypointCategory,
  place: Place,
  origin: PixelOrigin,
  problems: Problems,
): (Point | null)[] {
  const expected = 3 * category.keypoints.length;
  if (keypoints.length !== expected) {
    problems.add(
      place,
      `has ${keypoints.length} numbers, not 3 for each of the ${category.keypoints.length} keypoints`,
    );
    return category.keypoints.map(() => null);
  }
  return category.keypoints.map((name, index) => {
    const [x, y, visibility] = keypoints.slice(3 * index) as [number, number, number];
    if (![0, 1, 2].includes(visibility)) {
      problems.add(place, `the visibility of "${name}" is ${visibility}, not 0, 1 or 2`);
    }
    return visibility === 0 ? null : fromOrigin(origin, [x, y]);
  });
}
