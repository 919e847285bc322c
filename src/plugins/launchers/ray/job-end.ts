import { constants } from 'node:os';
import { EXIT_CODES } from '../../../core/errors.ts';
import type { TrialEnd } from '../../../core/launching/launcher.ts';
import type { RayJob } from './client.ts';

export const STOPPED: TrialEnd = { code: EXIT_CODES.interrupted, killedBy: null, complaint: '' };
/** Ray forgets all jobs when its head node is started again. */
const FORGOTTEN: TrialEnd = { code: null, killedBy: "the end of Ray's head node", complaint: '' };

/** Ray gives up a job that has waited for resources for a quarter of an hour, or as RAY_JOB_START_TIMEOUT_SECONDS says. */
const WAITED_TOO_LONG = 'JOB_SUPERVISOR_ACTOR_START_TIMEOUT';
/** Why a job that has not come to run would not come to run again. */
const HOPELESS = [
  'RUNTIME_ENV_SETUP_FAILURE',
  'JOB_SUPERVISOR_ACTOR_START_FAILURE',
  'JOB_SUPERVISOR_ACTOR_UNSCHEDULABLE',
];
const MOST_COMPLAINT = 4_000;

export function hasWaitedTooLong({ status, errorType }: RayJob): boolean {
  return status === 'FAILED' && errorType === WAITED_TOO_LONG;
}

/** Whether what the job started came to an end that nobody forced on it. */
export function endedByItself({ exitCode }: RayJob): boolean {
  return exitCode !== null && exitCode >= 0;
}

/**
 * How a job ended, by what Ray says.
 * @param job undefined when Ray does not know it any more.
 */
export function endByRay(job: RayJob | undefined): TrialEnd {
  if (job === undefined) return FORGOTTEN;
  const complaint = job.message.slice(-MOST_COMPLAINT);
  if (job.exitCode === null) return { code: null, killedBy: killerOf(job), complaint };
  if (job.exitCode < 0) return { code: null, killedBy: signalName(-job.exitCode), complaint };
  return { code: job.exitCode, killedBy: null, complaint };
}

/** Null where the same would happen again. */
function killerOf({ status, ran, errorType }: RayJob): string | null {
  const isHopeless = !ran && errorType !== null && HOPELESS.includes(errorType);
  return isHopeless ? null : (errorType ?? status);
}

function signalName(number: number): string {
  const signals = Object.entries(constants.signals);
  return signals.find(([, one]) => one === number)?.[0] ?? `signal ${number}`;
}
