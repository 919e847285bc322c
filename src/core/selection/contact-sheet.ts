import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeFileAtomically } from '../atomic-file.ts';
import type { Dataset } from '../data/dataset.ts';
import { spreadNarrowRange } from '../data/grey-range.ts';
import { drawContactSheet, type SheetImage } from '../evaluation/contact-sheet.ts';
import type { Selection } from './select-images.ts';

/** Draws the chosen images side by side, the most useful first, without landmarks, into a PNG file. */
export async function writeContactSheet(
  file: string,
  dataset: Dataset,
  { chosen, pool }: Selection,
): Promise<void> {
  const samples = new Map(dataset.samples.map((sample) => [sample.id, sample]));
  const images: SheetImage[] = [];
  for (const [index, { id, coverage }] of chosen.entries()) {
    const sample = samples.get(id)!;
    const { width, height } = sample;
    const image = spreadNarrowRange(await dataset.read(sample));
    const [caption, remark] = [`${index + 1}  ${id}`, `coverage ${coverage.toFixed(4)}`];
    images.push({ image, width, height, landmarks: [], caption, remark, isFlagged: false });
  }
  const title = `${chosen.length} of ${pool} training images to label`;
  await mkdir(dirname(file), { recursive: true });
  await writeFileAtomically(file, [await drawContactSheet(images, { title, landmarkNames: [], edges: [] })]);
}
