import { string as stringArgument } from '@oclif/core/args';
import { SweepCommand, trialFlags } from '../../sweep-command.ts';

export default class SweepResume extends SweepCommand {
  static override summary = 'Go on with a sweep that was stopped or killed';
  static override description =
    'Runs what is not finished, each trial from its last checkpoint. The folder is all that is needed. Trials that ' +
    'failed stay as they are unless they are to be tried again.';
  static override examples = [
    '<%= config.bin %> sweep resume runs/sweeps/phantom-smoke',
    '<%= config.bin %> sweep resume runs/sweeps/phantom-smoke --retry-failed',
  ];
  static override args = { sweep: stringArgument({ description: 'the folder of a sweep', required: true }) };
  static override flags = trialFlags;

  async run(): Promise<void> {
    const { args, flags } = await this.parse(SweepResume);
    const { SweepManifest } = await import('../../../core/sweep/manifest.ts');
    await SweepManifest.open(args.sweep); // no lock is made in a folder that is none
    await this.train(args.sweep, () => SweepManifest.open(args.sweep), flags);
  }
}
