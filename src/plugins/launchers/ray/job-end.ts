import { constants } from 'node:os';
import { EXIT_CODES } from '../../../core/errors.ts';
import type { TrialEnd, TrialTask } from '../../../core/launching/launcher.ts';
import { readTrialEnd } from '../../../core/launching/trial-script.ts';
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

/**
 * How the trial of a job ended; undefined while it goes on. What its script has left says more than Ray knows.
 * @param job undefined when Ray does not know it any more.
 */
export async function jobEnd(task: TrialTask, job: RayJob | undefined): Promise<TrialEnd | undefined> {
  if (job?.status === 'PENDING' || job?.status === 'RUNNING') return undefined;
  if (job?.status === 'STOPPED') return STOPPED;
  return (await readTrialEnd(task)) ?? (job === undefined ? FORGOTTEN : endByRay(job));
}

function endByRay({ status, message, errorType, ran, exitCode }: RayJob): TrialEnd {
  const complaint = message.slice(-MOST_COMPLAINT);
  if (status === 'SUCCEEDED') return { code: 0, killedBy: null, complaint: '' };
  if (exitCode !== null && exitCode >= 0) return { code: exitCode, killedBy: null, complaint };
  if (exitCode !== null) return { code: null, killedBy: signalName(-exitCode), complaint };
  const isHopeless = !ran && errorType !== null && HOPELESS.includes(errorType);
  return { code: null, killedBy: isHopeless ? null : (errorType ?? status), complaint };
}

function signalName(number: number): string {
  const signals = Object.entries(constants.signals);
  return signals.find(([, one]) => one === number)?.[0] ?? `signal ${number}`;
}
