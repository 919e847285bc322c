import type { Random } from '../../../core/random.ts';

/** A number's mean, its loadings on factors that it shares with others, and the deviation that is its own. */
export type Law<Factor extends string> = {
  readonly mean: number;
  readonly own: number;
} & { readonly [factor in Factor]?: number };

/**
 * Draws correlated numbers: each is its mean plus loadings times common factors plus a part of its own, all standard
 * normals cut at 2.6 deviations. Draws that are not plausible are drawn again.
 * @param spread scales every deviation; 0 gives the means.
 */
export function drawFromLaws<Name extends string, Factor extends string>(
  random: Random,
  spread: number,
  factors: readonly Factor[],
  laws: Readonly<Record<Name, Law<Factor>>>,
  isPlausible: (drawn: Record<Name, number>) => boolean,
): Record<Name, number> {
  const names = Object.keys(laws) as Name[];
  for (;;) {
    const common = factors.map((factor) => [factor, cutNormal(random)] as const);
    const value = (law: Law<Factor>): number => {
      const shared = common.reduce((sum, [factor, amount]) => sum + (law[factor] ?? 0) * amount, 0);
      return law.mean + spread * (shared + law.own * cutNormal(random));
    };
    const drawn = Object.fromEntries(names.map((name) => [name, value(laws[name])])) as Record<Name, number>;
    if (isPlausible(drawn)) return drawn;
  }
}

/** Standard normal, drawn again beyond 2.6 deviations. */
export function cutNormal(random: Random): number {
  for (;;) {
    const value = random.normal();
    if (Math.abs(value) < 2.6) return value;
  }
}
