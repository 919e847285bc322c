import type { Answer, Competitor } from './competitor.ts';
import { FSX } from './entrants.ts';
import type { Field } from './field.ts';

/** bf16 has 8 bits of fraction. */
const TOLERANCE = { float32: 1e-4, bf16: 0.05 } as const;

/**
 * Lets everyone do its task once, with the same weights on the same images: losses must agree relative to that of fsx,
 * landmarks in [0, 1] of the image.
 * @returns milliseconds of this first time by id.
 * @throws when a peer finds something else: it does something else, and its times would say nothing.
 */
export async function agree(field: Field): Promise<Record<string, number>> {
  const firstMs: Record<string, number> = {};
  let ours: readonly number[] = [];
  await field.each(async (competitor) => {
    const answer = await competitor.repeat(1);
    const found = resultOf(answer);
    if (competitor.id === FSX.id) ours = found;
    refuseDifference(competitor, found, ours);
    firstMs[competitor.id] = answer.milliseconds[0]!;
  });
  return firstMs;
}

/** A loss as its logarithm, whose differences are relative ones of the loss. */
function resultOf({ losses, landmarks }: Answer): readonly number[] {
  return landmarks ?? losses!.map(Math.log);
}

function refuseDifference({ id, name }: Competitor, found: readonly number[], ours: readonly number[]): void {
  const tolerance = id.endsWith('bf16') ? TOLERANCE.bf16 : TOLERANCE.float32;
  const largest = Math.max(...found.map((value, index) => Math.abs(value - ours[index]!)));
  console.error(`  ${name}: differs by ${largest.toExponential(1)}`);
  if (largest <= tolerance) return;
  throw new Error(`${name} differs from fsx by ${largest}, more than ${tolerance}: it does not do the same`);
}
