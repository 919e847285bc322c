import type { Dataset, Sample } from '../dataset.ts';
import { isInside } from '../geometry.ts';
import type { Finding } from './finding.ts';
import { medianOf } from './spread.ts';

/** Two landmarks this near are one position. */
const SAME_PLACE_PX = 0.5;
/** Two landmarks this much nearer than usual are suspected to be one. */
const UNUSUALLY_NEAR = 0.1;
/** Fewer images do not say how far apart two landmarks usually are. */
const FEWEST_IMAGES = 5;

type Landmarks = Pick<Dataset, 'landmarkNames' | 'samples'>;

/** Landmarks that their image does not contain. */
export function findOutside({ landmarkNames, samples }: Landmarks): Finding[] {
  return samples.flatMap((sample) =>
    sample.landmarks.flatMap((point, landmark): Finding[] => {
      if (point === null || isInside(point, sample)) return [];
      const where = `(${point.map((position) => Number(position.toFixed(1))).join(', ')})`;
      const message = `"${landmarkNames[landmark]}" at ${where} lies outside the image (${sample.width} x ${sample.height})`;
      return [{ severity: 'error', kind: 'outside-image', samples: [sample.id], message }];
    }),
  );
}

/** Two landmarks of an image at one place, or ten times nearer than in half of the images. */
export function findCoinciding({ landmarkNames, samples }: Landmarks): Finding[] {
  return landmarkNames.flatMap((name, first) =>
    landmarkNames.slice(first + 1).flatMap((other, offset) => {
      const measured = samples.flatMap((sample) => {
        const distancePx = distanceBetween(sample, first, first + 1 + offset);
        return distancePx === null ? [] : [{ id: sample.id, distancePx }];
      });
      const usual =
        measured.length < FEWEST_IMAGES ? 0 : medianOf(measured.map(({ distancePx }) => distancePx));
      const limitPx = Math.max(SAME_PLACE_PX, UNUSUALLY_NEAR * usual);
      return measured
        .filter(({ distancePx }) => distancePx < limitPx)
        .map(({ id, distancePx }): Finding => {
          const message = `"${name}" and "${other}" are ${distancePx.toFixed(1)} px apart (${usual.toFixed(1)} in half of the images)`;
          return { severity: 'suspicion', kind: 'coinciding-landmarks', samples: [id], message };
        });
    }),
  );
}

function distanceBetween({ landmarks }: Sample, first: number, second: number): number | null {
  const [a, b] = [landmarks[first], landmarks[second]];
  return a && b ? Math.hypot(a[0] - b[0], a[1] - b[1]) : null;
}
