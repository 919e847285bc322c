import type { RunEvent } from '../experiment/events.ts';

/** One `fsx run` of a sweep, for whoever starts it. All that trials share is the file system. */
export interface TrialTask {
  /** Unique within the sweep: `007`. */
  readonly id: string;
  /** Absolute; the run folder is made in here, and a launcher may keep its own files beside it. */
  readonly folder: string;
  readonly recipeFile: string;
  /** Relative paths in the recipe start here. */
  readonly baseDirectory: string;
  /** Variables that the trial's process gets beside those of its machine. */
  readonly environment: Readonly<Record<string, string>>;
  /** What `started` was told of it earlier, where nobody saw it end: it may still be going on. */
  readonly handle: string | null;
}

/** How a trial's process ended. Whether its run came to its end is read from the run itself. */
export interface TrialEnd {
  /** Null when it did not end by itself. */
  readonly code: number | null;
  /** What ended it: a signal's name, a scheduler's state. */
  readonly killedBy: string | null;
  /** The end of what it said on standard error. */
  readonly complaint: string;
}

export interface LaunchRequest {
  /** The sweep, for listings of jobs. */
  readonly name: string;
  /** Absolute: the sweep's folder. */
  readonly folder: string;
  readonly tasks: readonly TrialTask[];
  /** The program and its first arguments, such as `node bin/run.js`. */
  readonly command: readonly string[];
  /** Stops every trial as Ctrl-C does, which saves it, and starts no other. */
  readonly stop: AbortSignal;
  /** Starts no other; those that run go on to their ends. */
  readonly hold: AbortSignal;
  /** Told when a trial is on its way: where it is found again. Resolves when that is on disk. */
  readonly started: (task: TrialTask, handle: string) => Promise<void>;
  /** Told once for each trial that was started or is no longer going on. */
  readonly ended: (task: TrialTask, end: TrialEnd) => Promise<void>;
  /** Told what a trial says of itself, by launchers that hear it. */
  readonly event: (task: TrialTask, event: RunEvent) => void;
}

/** Runs trials somewhere. It schedules nothing that a scheduler can. */
export interface Launcher {
  /** For people: `2 processes on this machine, 4 threads each`. */
  readonly description: string;
  /** Engine threads of a trial whose recipe names none; undefined leaves them to the engine. */
  readonly threads: number | undefined;
  /**
   * Runs the tasks to their ends. A task with a handle that is still going on is waited for, not started again.
   * @throws {RunError} when trials cannot be started at all.
   */
  launch(request: LaunchRequest): Promise<void>;
}

export interface LauncherContext {
  readonly environment: Readonly<Record<string, string | undefined>>;
}
