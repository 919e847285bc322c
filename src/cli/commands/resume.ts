import { string as stringArgument } from '@oclif/core/args';
import { boolean } from '@oclif/core/flags';
import { EXIT_CODES } from '../../core/errors.ts';
import { BaseCommand } from '../base-command.ts';
import { reporterFlag } from '../flags.ts';

export default class Resume extends BaseCommand {
  static override summary = 'Go on with a run that was interrupted';
  static override description =
    'Continues from the last checkpoint, to the same numbers that the run would have had without a stop ' +
    '(same engine, same machine). Refuses when the recipe in the run folder was changed.';
  static override examples = ['<%= config.bin %> resume runs/2026-01-31T12-00-00-chest-5shot'];
  static override args = { run: stringArgument({ description: 'a run folder', required: true }) };
  static override flags = {
    reporter: reporterFlag,
    wait: boolean({ description: 'wait while another process works on the run, instead of refusing' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Resume);
    const { openRunDirectory } = await import('../../core/experiment/run-directory.ts');
    const { readEnvironment } = await import('../../core/experiment/environment.ts');
    const { resumeRun } = await import('../../core/experiment/resume.ts');
    const { makeRunRequest } = await import('../run-request.ts');
    const directory = await openRunDirectory(args.run);
    const { baseDirectory } = await readEnvironment(directory.environment);
    const request = await makeRunRequest(directory.recipe, { baseDirectory, reporter: flags.reporter });
    const { status } = await resumeRun(request, directory, flags.wait);
    if (status === 'interrupted') this.exit(EXIT_CODES.interrupted);
  }
}
