import type { Metrics } from './metrics-schema.ts';

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
