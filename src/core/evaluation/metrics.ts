import { DataError } from '../errors.ts';
import { BOOTSTRAP_DEFAULTS, Bootstrap, type BootstrapOptions, type DrawCounts } from './bootstrap.ts';
import type { LandmarkSummary, Metrics, Summary } from './metrics-schema.ts';
import { type NmeReference, referenceDistance, referenceName } from './nme-reference.ts';
import type { EvaluatedPrediction } from './prediction.ts';
import { commonUnit, type LengthUnit, mean, radialErrors, standardDeviation } from './radial-error.ts';

export interface MetricsOptions {
  /** Radii of the success detection rate where the pixel spacing is known. */
  readonly radiiMm: readonly number[];
  /** Radii where it is not, in pixels of the original image. */
  readonly radiiPx: readonly number[];
  /** A point, or the mean of an image, that is further off has failed. Also the end of the cumulative error curve. */
  readonly failureRadiusMm: number;
  readonly failureRadiusPx: number;
  readonly nmeReference: NmeReference;
  readonly bootstrap: BootstrapOptions;
}

const METRICS_DEFAULTS: MetricsOptions = {
  radiiMm: [2, 2.5, 3, 4],
  radiiPx: [5, 10, 15, 20],
  failureRadiusMm: 10,
  failureRadiusPx: 40,
  nmeReference: 'image-diagonal',
  bootstrap: BOOTSTRAP_DEFAULTS,
};

/** One labeled point of one image. */
interface PointError {
  readonly image: number;
  readonly landmark: number;
  /** In the unit of the metrics. */
  readonly error: number;
  readonly errorPx: number;
  /** Divided by the image's reference distance; `undefined` where the image does not have it. */
  readonly normalised: number | undefined;
}

interface Scale {
  readonly unit: LengthUnit;
  readonly radii: readonly number[];
  readonly failureRadius: number;
}

/**
 * Metrics of one set of predictions (a teacher, a student, the mean shape) on one set of images, in original image
 * coordinates: mm where every image has a pixel spacing, else pixels, with a notice that says so.
 *
 * @throws {DataError} `FSX_NO_LABELED_TEST_POINTS` when no image has a labeled landmark.
 * @throws {RunError} `FSX_PREDICTION_NOT_FINITE` when a prediction is NaN or infinite.
 */
export function computeMetrics(
  predictions: readonly EvaluatedPrediction[],
  landmarkNames: readonly string[],
  options: Partial<MetricsOptions> = {},
): Metrics {
  const settings = { ...METRICS_DEFAULTS, ...options };
  const labeled = predictions.filter((prediction) => prediction.truth.some((truth) => truth !== null));
  if (labeled.length === 0) {
    throw new DataError('FSX_NO_LABELED_TEST_POINTS', 'no image of the test set has a labeled landmark', {
      suggestion: 'Give the test images landmarks, or use `fsx predict`, which needs none.',
    });
  }
  const scale = scaleOf(labeled, settings);
  const points = labeled.flatMap((prediction, image) =>
    pointErrors(prediction, image, scale.unit, settings.nmeReference, landmarkNames),
  );
  const bootstrap = new Bootstrap(labeled.length, settings.bootstrap);
  const { resamples, seed, confidence } = settings.bootstrap;
  const notice = noticeFor(labeled);
  return {
    unit: scale.unit,
    ...(notice === undefined ? {} : { notice }),
    images: labeled.length,
    missingPoints: labeled.length * landmarkNames.length - points.length,
    failureRadius: scale.failureRadius,
    curveLimit: scale.failureRadius,
    nmeReference: referenceName(settings.nmeReference),
    interval: { method: 'percentile bootstrap over images', confidence, resamples, seed },
    overall: summarise(points, labeled.length, scale, bootstrap),
    landmarks: landmarkNames.flatMap((name, landmark): LandmarkSummary[] => {
      const own = points.filter((point) => point.landmark === landmark);
      return own.length === 0 ? [] : [{ name, ...summarise(own, labeled.length, scale, bootstrap) }];
    }),
  };
}

function scaleOf(predictions: readonly EvaluatedPrediction[], settings: MetricsOptions): Scale {
  return commonUnit(predictions) === 'mm'
    ? { unit: 'mm', radii: settings.radiiMm, failureRadius: settings.failureRadiusMm }
    : { unit: 'px', radii: settings.radiiPx, failureRadius: settings.failureRadiusPx };
}

function noticeFor(predictions: readonly EvaluatedPrediction[]): string | undefined {
  const unknown = predictions.filter((prediction) => prediction.spacing === undefined).length;
  if (unknown === 0) return undefined;
  return (
    `The pixel spacing of ${unknown} of ${predictions.length} test images is unknown: every length is in pixels of ` +
    'the original images, not in mm, and does not compare with results in mm.'
  );
}

function pointErrors(
  prediction: EvaluatedPrediction,
  image: number,
  unit: LengthUnit,
  reference: NmeReference,
  landmarkNames: readonly string[],
): PointError[] {
  const errorsPx = radialErrors(prediction, 'px');
  const distance = referenceDistance(prediction, unit, reference, landmarkNames);
  return radialErrors(prediction, unit).flatMap((error, landmark): PointError[] => {
    const errorPx = errorsPx[landmark];
    if (error === null || errorPx === null || errorPx === undefined) return [];
    return [
      { image, landmark, error, errorPx, normalised: distance === undefined ? undefined : error / distance },
    ];
  });
}

function summarise(
  points: readonly PointError[],
  imageCount: number,
  { radii, failureRadius }: Scale,
  bootstrap: Bootstrap,
): Summary {
  const errors = points.map((point) => point.error);
  const meanOf = (of: readonly PointError[], value: (point: PointError) => number) =>
    bootstrap.estimateRatio(
      sumPerImage(of, imageCount, value),
      sumPerImage(of, imageCount, () => 1),
    );
  const normalised = points.filter((point) => point.normalised !== undefined);
  return {
    points: points.length,
    mre: meanOf(points, (point) => point.error),
    sd: standardDeviation(errors),
    median: bootstrap.estimate(medianStatistic(points)),
    mrePx: mean(points.map((point) => point.errorPx)),
    sdr: radii.map((radius) => ({ radius, rate: meanOf(points, (point) => Number(point.error <= radius)) })),
    ...(normalised.length === 0 ? {} : { nme: meanOf(normalised, (point) => point.normalised ?? 0) }),
    failureRate: {
      points: meanOf(points, (point) => Number(point.error > failureRadius)),
      images: failedImages(points, imageCount, failureRadius, bootstrap),
    },
    // The integral of the step curve: each point adds the part of [0, limit] in which it counts as found.
    auc: meanOf(points, (point) => Math.max(0, 1 - point.error / failureRadius)),
  };
}

function failedImages(
  points: readonly PointError[],
  imageCount: number,
  failureRadius: number,
  bootstrap: Bootstrap,
): Metrics['overall']['failureRate']['images'] {
  const sums = sumPerImage(points, imageCount, (point) => point.error);
  const counts = sumPerImage(points, imageCount, () => 1);
  const failed = sums.map((sum, image) => Number(sum > failureRadius * (counts[image] ?? 0)));
  return bootstrap.estimateRatio(
    failed,
    counts.map((count) => Number(count > 0)),
  );
}

function sumPerImage(
  points: readonly PointError[],
  imageCount: number,
  value: (point: PointError) => number,
): number[] {
  const sums = new Array<number>(imageCount).fill(0);
  for (const point of points) sums[point.image] = (sums[point.image] ?? 0) + value(point);
  return sums;
}

/** Median over the points, each counted as often as its image was drawn; sorts once for all resamples. */
function medianStatistic(points: readonly PointError[]): (counts: DrawCounts) => number {
  const sorted = [...points].sort((a, b) => a.error - b.error);
  return (counts) => {
    const total = sorted.reduce((sum, point) => sum + (counts[point.image] ?? 0), 0);
    const lower = Math.floor((total - 1) / 2);
    const upper = Math.floor(total / 2);
    let seen = 0;
    let lowerError = Number.NaN;
    for (const { image, error } of sorted) {
      seen += counts[image] ?? 0;
      if (Number.isNaN(lowerError) && seen > lower) lowerError = error;
      if (seen > upper) return (lowerError + error) / 2;
    }
    return Number.NaN;
  };
}
