import { boolean, integer } from '@oclif/core/flags';
import { EXIT_CODES } from '../core/errors.ts';
import type { SweepManifest } from '../core/sweep/manifest.ts';
import type { SweepReport } from '../core/sweep/track-sweep.ts';
import { BaseCommand } from './base-command.ts';
import { interruptSignal } from './interruption.ts';
import { PROGRAM } from './program.ts';
import { tableText } from './table-text.ts';

/** Flags of the commands that run trials. */
export const trialFlags = {
  'retry-failed': boolean({ description: 'run trials that failed again, from their beginning' }),
  'keep-going': boolean({ description: 'start further trials whatever failed', exclusive: ['max-failures'] }),
  'max-failures': integer({
    description: 'start no further trial after so many have failed or were killed (default: 1)',
    min: 1,
    helpValue: 'N',
  }),
};

interface TrialFlags {
  readonly 'retry-failed': boolean;
  readonly 'keep-going': boolean;
  readonly 'max-failures': number | undefined;
}

/** What `fsx sweep run` and `fsx sweep resume` have in common. */
export abstract class SweepCommand extends BaseCommand {
  /**
   * Runs what is left of a sweep, alone in its folder, and reports.
   * @param open reads the manifest once nobody else works on it.
   */
  protected async train(
    directory: string,
    open: () => Promise<SweepManifest>,
    flags: TrialFlags,
  ): Promise<void> {
    const { withSweepLock } = await import('../core/sweep/session.ts');
    const { clearStopRequest, watchStopRequest } = await import('../core/sweep/stop-request.ts');
    const stop = new AbortController();
    const signal = AbortSignal.any([stop.signal, interruptSignal((message) => this.log(message))]);
    const wait = () => this.log(`Another fsx works in ${directory}: waiting for it.`);
    const manifest = await withSweepLock(directory, wait, async () => {
      await clearStopRequest(directory);
      const unwatch = watchStopRequest(directory, () => stop.abort());
      try {
        return await this.#run(await open(), signal, flags);
      } finally {
        unwatch();
      }
    });
    if (signal.aborted) this.exit(EXIT_CODES.interrupted);
    if (manifest.trials.some(({ status }) => status !== 'finished')) this.exit(EXIT_CODES.run);
  }

  async #run(manifest: SweepManifest, signal: AbortSignal, flags: TrialFlags): Promise<SweepManifest> {
    const { createRegistry } = await import('../composition.ts');
    const { openLauncher } = await import('../core/sweep/session.ts');
    const { runSweep } = await import('../core/sweep/run-sweep.ts');
    const { sweepReporter } = await import('./reporters/sweep-reporter.ts');
    const launcher = await openLauncher(manifest, createRegistry, process.env);
    this.log(
      `${manifest.name}: ${manifest.trials.length} trials in ${manifest.directory}; ${launcher.description}`,
    );
    await runSweep({
      ...{ manifest, launcher, signal, command: PROGRAM },
      retryFailed: flags['retry-failed'],
      maxFailures: flags['keep-going'] ? Number.POSITIVE_INFINITY : (flags['max-failures'] ?? 1),
      listener: sweepReporter(process.stdout, manifest),
    });
    const report = await this.report(manifest);
    if (report !== null) await this.#track(report);
    return manifest;
  }

  /** Prints what the finished trials found, and writes it. @returns null when none is finished. */
  protected async report(manifest: SweepManifest): Promise<SweepReport | null> {
    const { collectResults } = await import('../core/sweep/results.ts');
    const { pointTable } = await import('../core/sweep/result-table.ts');
    const { writeResults } = await import('../core/sweep/write-results.ts');
    const results = collectResults(manifest);
    for (const { name, error } of results.unfinished.filter(({ error }) => error !== null))
      this.log(`${name}:\n${error!.replaceAll(/^/gm, '  ')}`);
    if (results.unfinished.length > 0)
      this.log(
        `${results.unfinished.length} of ${results.trialCount} trials are not finished; ` +
          `to go on: fsx sweep resume ${manifest.directory}`,
      );
    if (results.points.length === 0) return null;
    this.log(await tableText(pointTable(results)));
    const files = await writeResults(manifest, results);
    this.log(`Results: ${files.join(', ')}`);
    return { manifest, results, files };
  }

  async #track(report: SweepReport): Promise<void> {
    const { createRegistry } = await import('../composition.ts');
    const { trackSweep } = await import('../core/sweep/track-sweep.ts');
    const environment = process.env;
    const delivery = await trackSweep(report, { createRegistry: () => createRegistry(), environment });
    if (delivery === null) return;
    const { deliveryText } = await import('./reporters/text-reporter.ts');
    this.log(deliveryText(delivery));
  }
}
