import { join } from 'node:path';
import { type Static, Type } from 'typebox';
import { readJson } from '../../../core/data/annotated-folder/json-file.ts';
import type { Problems } from '../../../core/data/annotated-folder/problems.ts';
import type { CocoKeypointsSettings } from './options.ts';

const Id = Type.Integer();
const Numbers = Type.Array(Type.Number());

/** What is read of an annotation file; everything else in it is left alone. */
const CocoSchema = Type.Object({
  images: Type.Array(
    Type.Object({
      id: Id,
      file_name: Type.String({ minLength: 1 }),
      width: Type.Optional(Type.Integer()),
      height: Type.Optional(Type.Integer()),
    }),
  ),
  annotations: Type.Array(
    Type.Object({
      image_id: Id,
      category_id: Id,
      keypoints: Type.Optional(Numbers),
      area: Type.Optional(Type.Number()),
      bbox: Type.Optional(Numbers),
    }),
  ),
  categories: Type.Array(
    Type.Object({
      id: Id,
      name: Type.String(),
      keypoints: Type.Optional(Type.Array(Type.String())),
      skeleton: Type.Optional(Type.Array(Numbers)),
    }),
  ),
});

type CocoContent = Static<typeof CocoSchema>;
export type CocoImage = CocoContent['images'][number];
export type CocoAnnotation = CocoContent['annotations'][number];
export type CocoCategory = CocoContent['categories'][number];

/** An annotation file, and the part of the dataset that it holds, where it is named. */
export interface CocoFile {
  readonly file: string;
  readonly split?: string;
  readonly content: CocoContent;
}

/** Reads the files that `annotations` names; `undefined`, with the problems noted, when one is not COCO's format. */
export async function readCocoFiles(
  folder: string,
  annotations: CocoKeypointsSettings['annotations'],
  problems: Problems,
): Promise<readonly CocoFile[] | undefined> {
  const wanted =
    typeof annotations === 'string' ? [[undefined, annotations] as const] : Object.entries(annotations);
  const files: CocoFile[] = [];
  for (const [split, file] of wanted) {
    const content = await readJson(join(folder, file), file, CocoSchema, problems);
    if (content !== undefined) files.push({ file, content, ...(split !== undefined && { split }) });
  }
  return files.length === wanted.length ? files : undefined;
}
