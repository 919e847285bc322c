import { string as stringArgument } from '@oclif/core/args';
import { SweepCommand } from '../../sweep-command.ts';

export default class SweepStop extends SweepCommand {
  static override summary = 'Stop a sweep from anywhere that sees its folder';
  static override description =
    'Every trial finishes its step and saves; `fsx sweep resume` goes on from there. Also stops trials that go on ' +
    'without the process that started them.';
  static override examples = ['<%= config.bin %> sweep stop runs/sweeps/phantom-smoke'];
  static override args = { sweep: stringArgument({ description: 'the folder of a sweep', required: true }) };

  async run(): Promise<void> {
    const { args } = await this.parse(SweepStop);
    const { SweepManifest } = await import('../../../core/sweep/manifest.ts');
    const { openLauncher, withSweepLock } = await import('../../../core/sweep/session.ts');
    const { clearStopRequest, requestStop } = await import('../../../core/sweep/stop-request.ts');
    const { stopTrials } = await import('../../../core/sweep/run-sweep.ts');
    const { createRegistry } = await import('../../../composition.ts');
    const { sweepReporter } = await import('../../reporters/sweep-reporter.ts');
    await SweepManifest.open(args.sweep);
    await requestStop(args.sweep);
    const wait = () => this.log('Waiting until its trials have saved.');
    await withSweepLock(args.sweep, wait, async () => {
      await clearStopRequest(args.sweep);
      const manifest = await SweepManifest.open(args.sweep);
      const launcher = await openLauncher(manifest, createRegistry, process.env);
      await stopTrials(manifest, launcher, sweepReporter(process.stdout, manifest));
      const left = manifest.trials.filter(({ status }) => status !== 'finished').length;
      this.log(`Stopped; ${left} of ${manifest.trials.length} trials are not finished.`);
    });
  }
}
