import { string as stringArgument } from '@oclif/core/args';
import { SweepCommand } from '../../sweep-command.ts';
import { tableText } from '../../table-text.ts';

export default class SweepStatus extends SweepCommand {
  static override summary = 'Show what became of the trials of a sweep, and what they found so far';
  static override description = 'Also writes the results again, from what is finished.';
  static override examples = ['<%= config.bin %> sweep status runs/sweeps/phantom-smoke'];
  static override args = { sweep: stringArgument({ description: 'the folder of a sweep', required: true }) };

  async run(): Promise<void> {
    const { args } = await this.parse(SweepStatus);
    const { SweepManifest } = await import('../../../core/sweep/manifest.ts');
    const { statusTable } = await import('../../../core/sweep/result-table.ts');
    const { trialStates } = await import('../../../core/sweep/trial-states.ts');
    const manifest = await SweepManifest.open(args.sweep);
    this.log(await tableText(statusTable(manifest, await trialStates(manifest))));
    await this.report(manifest);
  }
}
