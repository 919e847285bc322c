/** Job states of Slurm (https://slurm.schedmd.com/squeue.html, JOB STATE CODES): the last ones, for whoever looks. */

/** The script ran to its end, whatever came of it. */
const BY_ITSELF = new Set(['COMPLETED', 'FAILED']);
const BY_FORCE = new Set([
  'BOOT_FAIL',
  'CANCELLED',
  'DEADLINE',
  'NODE_FAIL',
  'OUT_OF_MEMORY',
  'PREEMPTED',
  'REVOKED',
  'TIMEOUT',
]);

/** @param state undefined when Slurm does not know the task any more. */
export function isOver(state: string | undefined): boolean {
  return state === undefined || BY_ITSELF.has(state) || BY_FORCE.has(state);
}

export function endedByItself(state: string | undefined): boolean {
  return state !== undefined && BY_ITSELF.has(state);
}

/** What ended a task before its script came to its end. */
export function killerOf(state: string | undefined): string | undefined {
  return state !== undefined && BY_FORCE.has(state) ? state : undefined;
}
