import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { drawOverlay } from '../evaluation/overlay.ts';
import type { EvaluatedPrediction } from '../evaluation/prediction.ts';
import type { TrackedImage } from '../tracking/tracker.ts';
import type { Experiment } from './experiment.ts';
import type { RunDirectory } from './run-directory.ts';

const SIZE_PX = 512;
const PREVIEW_PX = 256;

/**
 * Draws what the teacher says of one validation image, for the series `validation` that shows how it learns.
 * @param step of the run.
 */
export async function drawValidation(
  { dataset, samples, recipe }: Experiment,
  directory: RunDirectory,
  prediction: EvaluatedPrediction,
  step: number,
): Promise<TrackedImage> {
  const { default: sharp } = await import('sharp');
  const { radiiMm, radiiPx } = recipe.evaluation;
  const image = await dataset.read(samples.get(prediction.id)!);
  const picture = await drawOverlay(image, prediction, {
    toleranceMm: Math.max(...radiiMm),
    tolerancePx: Math.max(...radiiPx),
    edges: dataset.edges,
    sizePx: SIZE_PX,
  });
  const folder = join(directory.overlays, 'validation');
  await mkdir(folder, { recursive: true });
  const name = join(folder, String(step).padStart(7, '0'));
  await writeFile(`${name}.png`, picture);
  await sharp(picture).resize(PREVIEW_PX, PREVIEW_PX, { fit: 'inside' }).webp().toFile(`${name}.webp`);
  const inRun = (extension: string) => relative(directory.path, name + extension).replaceAll('\\', '/');
  return { key: 'validation', step, file: inRun('.png'), preview: inRun('.webp') };
}
