import type { Conformal, Metrics, MetricsFile } from './metrics-schema.ts';

/** Everything that a finished run is compared by in the tracker. */
export function trackedResult({ teacher, student, ensemble, meanShape, conformal }: MetricsFile) {
  const sets = {
    test: teacher,
    'test/student': student,
    'test/ensemble': ensemble,
    'test/mean_shape': meanShape,
  };
  const tracked = Object.entries(sets).map(([prefix, metrics]) =>
    metrics === undefined ? {} : trackedMetrics(metrics, prefix),
  );
  return Object.assign({}, ...tracked, conformal && trackedRadius(conformal)) as Record<string, number>;
}

/** `test/error_radius_mm` and the share of test points within it, of the teacher; nothing where it is infinite. */
function trackedRadius({ unit, teacher }: Conformal): Record<string, number> {
  const { radius, coverage } = teacher.pooled;
  return {
    ...(radius === null ? {} : { [`test/error_radius_${unit}`]: radius }),
    ...(coverage === null ? {} : { 'test/error_radius_coverage': coverage }),
  };
}

/**
 * The numbers that a run is compared by in the tracker: `test/mre_mm`, `test/sdr_2.5mm`, `test/failure_rate_images`, …
 * @param prefix `test`, `test/student`, `test/mean_shape`, …
 */
export function trackedMetrics({ unit, overall }: Metrics, prefix: string): Record<string, number> {
  const rates = overall.sdr.map(
    ({ radius, rate }) => [`${prefix}/sdr_${radius}${unit}`, rate.value] as const,
  );
  return {
    [`${prefix}/mre_px`]: overall.mrePx,
    [`${prefix}/mre_${unit}`]: overall.mre.value,
    [`${prefix}/sd_${unit}`]: overall.sd,
    [`${prefix}/median_${unit}`]: overall.median.value,
    ...Object.fromEntries(rates),
    ...(overall.nme === undefined ? {} : { [`${prefix}/nme`]: overall.nme.value }),
    [`${prefix}/failure_rate_points`]: overall.failureRate.points.value,
    [`${prefix}/failure_rate_images`]: overall.failureRate.images.value,
    [`${prefix}/auc`]: overall.auc.value,
  };
}
