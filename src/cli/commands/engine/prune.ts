import { boolean } from '@oclif/core/flags';
import type { OldLibraries } from '../../../core/engine/provisioning/prune.ts';
import { BaseCommand } from '../../base-command.ts';

export default class EnginePrune extends BaseCommand {
  static override summary = 'Remove native libraries that other versions of fsx installed';
  static override description =
    'What this version uses stays, and so does what a process on this machine has loaded. Another checkout, or another ' +
    'machine that shares the folder, may still want the rest: there, `fsx engine install` installs it again.';
  static override enableJsonFlag = true;
  static override flags = {
    'dry-run': boolean({ description: 'say what would be removed, and remove nothing' }),
  };

  async run(): Promise<readonly OldLibraries[]> {
    const { flags } = await this.parse(EnginePrune);
    const { oldLibraries, pruneNative } = await import('../../../core/engine/provisioning/prune.ts');
    const waiting = () => this.logToStderr('waiting for another fsx that is installing');
    const found = flags['dry-run'] ? await oldLibraries() : await pruneNative(waiting);
    const done = flags['dry-run'] ? 'would remove' : 'removed';
    for (const { name, megabytes, usedBy } of found) {
      const action = usedBy === undefined ? done : `kept, process ${usedBy} uses it:`;
      this.log(`${action} ${name} (${megabytes} MB)`);
    }
    if (found.length === 0) this.log('There is nothing of other versions.');
    return found;
  }
}
