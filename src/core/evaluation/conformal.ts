import type { Conformal, ConformalSet, ErrorRadius } from './metrics-schema.ts';
import type { EvaluatedPrediction } from './prediction.ts';
import { commonUnit, type LengthUnit, mean, radialErrors } from './radial-error.ts';

/** Errors of the labeled points of one image. */
type ImageErrors = readonly number[];

/** What one network says of the images that set its radii, and of those that measure them. */
export interface CalibratedPredictions {
  readonly validation: readonly EvaluatedPrediction[];
  readonly test: readonly EvaluatedPrediction[];
}

/** Below what sums of shares lose to rounding, above what they can differ by. */
const ROUNDING = 1e-9;

/**
 * The smallest radius that holds a share `level` of the points of a further image, in expectation, when that image is
 * exchangeable with these; infinite where there are fewer of them than `imagesNeeded(level)`.
 *
 * With one point an image this is split conformal prediction: the ceil((n + 1) level)-th smallest of n errors (Vovk,
 * Gammerman & Shafer, *Algorithmic Learning in a Random World*, 2005; Lei et al., *Distribution-Free Predictive
 * Inference for Regression*, JASA 2018, section 2.2). The points of one image are not exchangeable with those of
 * another, so with several of them the image is the unit, and its share of missed points the loss (Angelopoulos et al.,
 * *Conformal Risk Control*, ICLR 2024, theorem 1).
 */
export function conformalRadius(images: readonly ImageErrors[], level: number): number {
  const mayMiss = (1 - level) * (images.length + 1) - 1;
  if (mayMiss < -ROUNDING) return Number.POSITIVE_INFINITY;
  const points = images.flatMap((errors) => errors.map((error) => ({ error, share: 1 / errors.length })));
  let missed = 0;
  for (const { error, share } of points.sort((a, b) => b.error - a.error)) {
    missed += share;
    if (missed > mayMiss + ROUNDING) return error;
  }
  return 0;
}

/** How many images a finite radius takes: n with (n + 1) (1 - level) >= 1. */
export function imagesNeeded(level: number): number {
  return Math.ceil(1 / (1 - level) - ROUNDING) - 1;
}

/**
 * Error radii of networks from their validation images, and the share of test points that they hold.
 * @param networks validation and test predictions by whose they are.
 */
export function measureRadii(
  networks: Readonly<Record<'teacher' | 'student', CalibratedPredictions>> & {
    readonly ensemble?: CalibratedPredictions;
  },
  landmarkNames: readonly string[],
  level: number,
): Conformal {
  const { teacher, student, ensemble } = networks;
  const unit = commonUnit([...teacher.validation, ...teacher.test]);
  const measure = (set: CalibratedPredictions) => radiiOf(set, landmarkNames, level, unit);
  const measured = measure(teacher);
  const { images } = measured.pooled;
  const notice = noticeFor(images, level);
  return {
    method: 'split conformal prediction over validation images',
    level,
    unit,
    images,
    ...(notice === undefined ? {} : { notice }),
    teacher: measured,
    student: measure(student),
    ...(ensemble === undefined ? {} : { ensemble: measure(ensemble) }),
  };
}

function noticeFor(images: number, level: number): string | undefined {
  const needed = imagesNeeded(level);
  if (images >= needed) return undefined;
  const percent = Math.round(1000 * level) / 10;
  return (
    `${images} labeled validation images are too few for a finite error radius at ${percent} %: it takes ${needed} or ` +
    'more (data.split.validation).'
  );
}

function radiiOf(
  { validation, test }: CalibratedPredictions,
  landmarkNames: readonly string[],
  level: number,
  unit: LengthUnit,
): ConformalSet {
  const [known, tested] = [validation, test].map((set) => set.map((image) => radialErrors(image, unit)));
  const radius = (choose: (landmark: number) => boolean) => {
    const chosen = (errors: readonly (number | null)[]) =>
      errors.filter((error, landmark): error is number => error !== null && choose(landmark));
    return radiusOf(known!.map(chosen), tested!.map(chosen), level);
  };
  return {
    pooled: radius(() => true),
    landmarks: landmarkNames.map((name, landmark) => ({ name, ...radius((other) => other === landmark) })),
  };
}

function radiusOf(known: readonly ImageErrors[], tested: readonly ImageErrors[], level: number): ErrorRadius {
  const images = known.filter((errors) => errors.length > 0);
  const radius = conformalRadius(images, level);
  const finite = Number.isFinite(radius);
  return {
    images: images.length,
    radius: finite ? radius : null,
    coverage: finite ? coverageOf(tested, radius) : null,
  };
}

/** The mean over images of the share of their points within the radius; null where none has a label. */
function coverageOf(tested: readonly ImageErrors[], radius: number): number | null {
  const labeled = tested.filter((errors) => errors.length > 0);
  if (labeled.length === 0) return null;
  return mean(labeled.map((errors) => errors.filter((error) => error <= radius).length / errors.length));
}
