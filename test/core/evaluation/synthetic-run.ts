import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GreyImage, Point } from '../../../src/core/data/dataset.ts';
import { computeMetrics } from '../../../src/core/evaluation/metrics.ts';
import type { EvaluatedPrediction } from '../../../src/core/evaluation/prediction.ts';
import { type PredictionSets, writePredictionsCsv } from '../../../src/core/evaluation/predictions-csv.ts';
import { Random } from '../../../src/core/random.ts';

export const LANDMARK_NAMES = ['right apex', 'right angle', 'heart', 'left apex', 'left angle', 'arch'];
export const MEAN_SHAPE: readonly Point[] = [
  [170, 90],
  [110, 400],
  [200, 380],
  [330, 90],
  [410, 400],
  [270, 170],
];

const SIZE = { width: 512, height: 480 };

interface SyntheticOptions {
  readonly images?: number;
  /** Standard deviation of the prediction errors along each axis. */
  readonly noisePx: number;
  readonly seed: string;
  readonly spacing?: EvaluatedPrediction['spacing'];
}

/** Predictions around true shapes that do not depend on the seed: two calls are two runs on the same test images. */
export function syntheticPredictions(options: SyntheticOptions): EvaluatedPrediction[] {
  const noise = new Random(options.seed, 'noise');
  return Array.from({ length: options.images ?? 12 }, (_, image) => {
    const shape = new Random('truth', image);
    const [shiftX, shiftY, scale] = [shape.normal(0, 14), shape.normal(0, 14), shape.normal(1, 0.06)];
    const truth = MEAN_SHAPE.map(
      ([x, y]): Point => [
        256 + (x - 256) * scale + shiftX + shape.normal(0, 5),
        240 + (y - 240) * scale + shiftY + shape.normal(0, 5),
      ],
    );
    const badness = image % 9 === 4 ? 4 : 1;
    return {
      id: `case-${String(image).padStart(3, '0')}.png`,
      ...SIZE,
      ...(options.spacing === undefined ? {} : { spacing: options.spacing }),
      landmarks: truth.map(
        ([x, y]): Point => [
          x + noise.normal(0, options.noisePx * badness),
          y + noise.normal(0, options.noisePx * badness),
        ],
      ),
      truth: truth.map((point, landmark) => ((image + landmark) % 17 === 0 ? null : point)),
    };
  });
}

export function meanShapePredictions(predictions: readonly EvaluatedPrediction[]): EvaluatedPrediction[] {
  return predictions.map((prediction) => ({ ...prediction, landmarks: MEAN_SHAPE }));
}

export function syntheticImage(): GreyImage {
  const [width, height] = [128, 120];
  const pixels = Float32Array.from({ length: width * height }, (_, index) => {
    const [x, y] = [(index % width) / width - 0.5, Math.floor(index / width) / height - 0.5];
    const lungs = Math.exp(-(((Math.abs(x) - 0.22) / 0.12) ** 2) - (y / 0.32) ** 2);
    return 0.85 - 0.7 * lungs + 0.04 * Math.sin(60 * y + 8 * x * x);
  });
  return { width, height, pixels };
}

/** A run folder that has what `fsx compare` reads. */
export async function writeSyntheticRun(directory: string, sets: PredictionSets): Promise<void> {
  await mkdir(directory, { recursive: true });
  const metrics = Object.fromEntries(
    Object.entries(sets).map(([set, predictions]) => [set, computeMetrics(predictions, LANDMARK_NAMES)]),
  );
  await writeFile(join(directory, 'metrics.json'), JSON.stringify({ version: 1, ...metrics }));
  await writePredictionsCsv(join(directory, 'predictions.csv'), sets, LANDMARK_NAMES);
}
