/** The environment variable that tells a run which sweep it belongs to. */
export const SWEEP_VARIABLE = 'FSX_SWEEP';

/** What a run knows of its sweep. */
export interface SweepMembership {
  /** UUID of the sweep, the same for all of its trials and for ever: the parent run is found or made by it. */
  readonly id: string;
  readonly name: string;
  /** The trial's number in the sweep, from 1. */
  readonly trial: number;
}

export function writeMembership(membership: SweepMembership): Record<string, string> {
  return { [SWEEP_VARIABLE]: JSON.stringify(membership) };
}

/** Null for a run of its own, also where the variable holds something else: it stops no run. */
export function readMembership(
  environment: Readonly<Record<string, string | undefined>>,
): SweepMembership | null {
  try {
    const { id, name, trial } = JSON.parse(environment[SWEEP_VARIABLE] ?? 'null') as SweepMembership;
    const isWhole = typeof id === 'string' && typeof name === 'string' && Number.isInteger(trial);
    return isWhole ? { id, name, trial } : null;
  } catch {
    return null;
  }
}
