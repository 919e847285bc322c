import type { Dataset, Sample } from '../dataset.ts';
import type { Finding } from './finding.ts';
import { countLabeled, type Shape, shapeDistance, strayDistances, typicalShape } from './procrustes.ts';
import { medianOf } from './spread.ts';

/** Fewer shapes do not say what is usual. */
const FEWEST_SHAPES = 8;
/** Two landmarks have no shape. */
const FEWEST_LANDMARKS = 3;
/** A whole shape this many times as far from the typical one as half of them are. */
const UNUSUAL_DISTANCE = 3;
/** A landmark this many times as far from where the others say as in half of the images; correct ones reach 5 rarely. */
const UNUSUAL_STRAY = 5;
/** Names exchanged must bring the shape at least this much nearer to be called a mistake. */
const SWAP_GAIN = 2;

type Pair = readonly [number, number];

/** A dataset's landmarks in one unit, and what is typical of them. */
export interface ShapeStatistics {
  /** By sample id; samples with fewer than three landmarks are left out. */
  readonly shapes: ReadonlyMap<string, Shape>;
  /** `null` when there are too few shapes. */
  readonly typical: Shape | null;
}

/** Shapes in mm where the spacing is known (pixels need not be square), else in pixels. */
export function shapeStatistics(samples: readonly Sample[]): ShapeStatistics {
  const shapes = new Map(
    samples
      .filter(({ landmarks }) => countLabeled(landmarks) >= FEWEST_LANDMARKS)
      .map(({ id, landmarks, spacing = { xMm: 1, yMm: 1 } }) => [
        id,
        landmarks.map((point) => point && ([point[0] * spacing.xMm, point[1] * spacing.yMm] as const)),
      ]),
  );
  return { shapes, typical: shapes.size < FEWEST_SHAPES ? null : typicalShape([...shapes.values()]) };
}

/**
 * Shapes that are far from the others after Procrustes alignment, and single landmarks that are far from their usual
 * place: mostly labeling mistakes. Says which names seem to be exchanged, where that explains it.
 */
export function findUnusualShapes(
  { landmarkNames, mirrorPairs }: Pick<Dataset, 'landmarkNames' | 'mirrorPairs'>,
  { shapes, typical }: ShapeStatistics,
): Finding[] {
  if (typical === null) return [];
  const all = new Map([...shapes].map(([id, shape]) => [id, strayDistances(shape, typical)]));
  const usualDistance = medianOf([...shapes.values()].map((shape) => shapeDistance(shape, typical)));
  const usual = landmarkNames.map((_, landmark) =>
    medianOf([...all.values()].flatMap((residual) => residual[landmark] ?? [])),
  );
  return [...shapes].flatMap(([id, shape]): Finding[] => {
    const timesUsual = shapeDistance(shape, typical) / usualDistance;
    const ratios = all.get(id)!.map((distance, landmark) => (distance ?? 0) / usual[landmark]!);
    const farthest = ratios.indexOf(Math.max(...ratios));
    if (timesUsual < UNUSUAL_DISTANCE && ratios[farthest]! < UNUSUAL_STRAY) return [];
    const swap = findSwap(shape, typical, mirrorPairs);
    const reason = swap
      ? swapText(swap, landmarkNames, mirrorPairs)
      : `"${landmarkNames[farthest]}" is ${ratios[farthest]!.toFixed(1)} times as far from where the others say as in half of the images`;
    const message = `its shape is ${timesUsual.toFixed(1)} times as far from the typical one as half of the shapes are: ${reason}`;
    return [{ severity: 'suspicion', kind: 'unusual-shape', samples: [id], message }];
  });
}

/** The landmarks whose names seem to be exchanged: all mirror pairs, or any two; `undefined` when none explains it. */
function findSwap(shape: Shape, typical: Shape, mirrorPairs: readonly Pair[]): readonly Pair[] | undefined {
  const singles = shape.flatMap((_, first) =>
    shape.slice(0, first).map((__, second): Pair[] => [[second, first]]),
  );
  const candidates = mirrorPairs.length > 1 ? [mirrorPairs, ...singles] : singles;
  const distances = candidates.map((pairs) => shapeDistance(exchange(shape, pairs), typical));
  const best = Math.min(...distances);
  return best * SWAP_GAIN <= shapeDistance(shape, typical) ? candidates[distances.indexOf(best)] : undefined;
}

function exchange(shape: Shape, pairs: readonly Pair[]): Shape {
  const exchanged = [...shape];
  for (const [first, second] of pairs) {
    [exchanged[first], exchanged[second]] = [shape[second] ?? null, shape[first] ?? null];
  }
  return exchanged;
}

function swapText(swap: readonly Pair[], names: readonly string[], mirrorPairs: readonly Pair[]): string {
  if (swap === mirrorPairs) return 'left and right seem to be exchanged, or the image to be mirrored';
  const [first, second] = swap[0]!;
  return `"${names[first]}" and "${names[second]}" seem to be exchanged`;
}
