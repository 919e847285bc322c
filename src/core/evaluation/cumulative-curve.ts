/** Share of the points that are at most so far off, `[error, share]` up to `limit`. */
export function cumulativeCurve(errors: readonly number[], limit: number, steps = 160): [number, number][] {
  const sorted = [...errors].sort((a, b) => a - b);
  let found = 0;
  return Array.from({ length: steps + 1 }, (_, step) => {
    const error = (limit * step) / steps;
    while (found < sorted.length && (sorted[found] as number) <= error) found++;
    return [error, found / sorted.length];
  });
}
