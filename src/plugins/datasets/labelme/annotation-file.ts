import { dirname, join, relative, resolve, sep } from 'node:path';
import { Type } from 'typebox';
import { jsonPlace, readJson } from '../../../core/data/annotated-folder/json-file.ts';
import { fromOrigin, type PixelOrigin } from '../../../core/data/annotated-folder/pixel-origin.ts';
import { type Place, Problems } from '../../../core/data/annotated-folder/problems.ts';
import type { Point } from '../../../core/data/dataset.ts';
import type { ImageSource } from '../../../core/data/decode.ts';

const Extent = Type.Optional(Type.Union([Type.Integer(), Type.Null()]));

/** What is read of a file; everything else in it is left alone. */
const LabelmeSchema = Type.Object({
  shapes: Type.Array(
    Type.Object({
      label: Type.String(),
      points: Type.Array(Type.Array(Type.Number())),
      shape_type: Type.Optional(Type.String()),
    }),
  ),
  imagePath: Type.String({ minLength: 1 }),
  imageData: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  imageWidth: Extent,
  imageHeight: Extent,
});

interface PlacedPoint {
  readonly place: Place;
  readonly point: Point;
}

/** The landmarks of one image. */
export interface LabelmeAnnotation {
  /** The file, relative to the dataset's folder, with forward slashes. */
  readonly file: string;
  /** The image, likewise. */
  readonly image: string;
  readonly hasImageData: boolean;
  /** The size that the file states. */
  readonly width: number | null;
  readonly height: number | null;
  readonly points: ReadonlyMap<string, PlacedPoint>;
}

/** Reads the annotation of one image; `undefined`, with the problems noted, when the file is not Labelme's. */
export async function readAnnotation(
  root: string,
  file: string,
  origin: PixelOrigin,
  problems: Problems,
): Promise<LabelmeAnnotation | undefined> {
  const content = await readJson(join(root, file), file, LabelmeSchema, problems);
  if (content === undefined) return undefined;
  const points = new Map<string, PlacedPoint>();
  content.shapes.forEach(({ label, points: corners, shape_type: type }, index) => {
    if (type !== 'point') return;
    const place = jsonPlace(file, `/shapes/${index}`);
    const [x, y] = corners[0] ?? [];
    if (corners.length !== 1 || x === undefined || y === undefined) {
      problems.add(place, `the point "${label}" has ${corners.length} positions, not one [x, y]`);
    } else if (points.has(label)) {
      problems.add(place, `the point "${label}" is given again (first in ${points.get(label)!.place.file})`);
    } else {
      points.set(label, { place, point: fromOrigin(origin, [x, y]) });
    }
  });
  return {
    file,
    image: imageName(root, file, content.imagePath),
    hasImageData: Boolean(content.imageData),
    width: content.imageWidth ?? null,
    height: content.imageHeight ?? null,
    points,
  };
}

/** The image that a file carries inside itself. */
export async function embeddedImage(root: string, file: string): Promise<ImageSource> {
  const problems = new Problems();
  const content = await readJson(join(root, file), file, LabelmeSchema, problems);
  problems.throwIfAny(root);
  return { name: `imageData of ${file}`, bytes: Buffer.from(content?.imageData ?? '', 'base64') };
}

/** Labelme writes the path relative to the file's own folder, on Windows with backslashes. */
function imageName(root: string, file: string, imagePath: string): string {
  const path = resolve(root, dirname(file), imagePath.replaceAll('\\', '/'));
  return relative(root, path).split(sep).join('/');
}
