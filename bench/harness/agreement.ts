import type { Competitor } from './competitor.ts';
import { FSX } from './entrants.ts';

/** Relative, of the loss; bf16 has 8 bits of fraction. */
const TOLERANCE = { float32: 1e-4, bf16: 0.05 } as const;

/**
 * Lets everyone take its first step, from the same weights on the same batch; fsx comes first.
 * @returns milliseconds of it by id: what compiling costs is in there.
 * @throws when a loss is not that of fsx: the twin does something else, and what would be measured says nothing.
 */
export async function agreeOnFirstStep(competitors: readonly Competitor[]): Promise<Map<string, number>> {
  const firstMs = new Map<string, number>();
  let ours = Number.NaN;
  for (const competitor of competitors) {
    const { milliseconds, losses } = await competitor.repeat(1);
    firstMs.set(competitor.id, milliseconds[0]!);
    const loss = losses![0]!;
    if (competitor.id === FSX.id) ours = loss;
    refuseDisagreement(competitor, loss, ours);
  }
  return firstMs;
}

function refuseDisagreement({ id, name }: Competitor, loss: number, ours: number): void {
  const tolerance = id.endsWith('bf16') ? TOLERANCE.bf16 : TOLERANCE.float32;
  const difference = Math.abs(loss / ours - 1);
  console.error(`  ${name}: first loss ${loss.toFixed(6)}`);
  if (difference <= tolerance) return;
  throw new Error(
    `${name} has the loss ${loss} where fsx has ${ours}: they differ by ${difference.toExponential(1)} of it, ` +
      `more than ${tolerance}, so they do not train the same`,
  );
}
