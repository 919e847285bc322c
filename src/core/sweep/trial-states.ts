import { isFinishedRun } from '../experiment/resume.ts';
import { runDirectory } from '../experiment/run-directory.ts';
import { isBusyRun } from '../experiment/run-lock.ts';
import { findRun } from '../launching/trial-arguments.ts';
import type { SweepManifest, TrialRecord } from './manifest.ts';
import { isBusySweep } from './session.ts';

/**
 * The state of each trial. A process that works on the sweep keeps the manifest true; when it was killed, the run of a
 * trial that the manifest has as running says itself what became of it.
 */
export async function trialStates(manifest: SweepManifest): Promise<TrialRecord['status'][]> {
  if (await isBusySweep(manifest.directory)) return manifest.trials.map(({ status }) => status);
  return Promise.all(manifest.trials.map((trial) => stateLeftBehind(manifest, trial)));
}

async function stateLeftBehind(manifest: SweepManifest, trial: TrialRecord): Promise<TrialRecord['status']> {
  if (trial.status !== 'running') return trial.status;
  const run = await findRun(manifest.attemptFolder(trial));
  // it may wait in the queue of a cluster
  if (run === undefined) return trial.status;
  const directory = runDirectory(run);
  if (await isBusyRun(directory)) return 'running';
  return (await isFinishedRun(directory)) ? 'finished' : 'interrupted';
}
