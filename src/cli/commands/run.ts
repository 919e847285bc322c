import { string as stringArgument } from '@oclif/core/args';
import { boolean, string } from '@oclif/core/flags';
import { EXIT_CODES } from '../../core/errors.ts';
import { BaseCommand } from '../base-command.ts';
import { engineFlag, reporterFlag, setFlag } from '../flags.ts';

export default class Run extends BaseCommand {
  static override summary = 'Train, evaluate and report a recipe';
  static override description =
    'Makes a run folder with checkpoints, metrics, predictions, drawings and a report. ' +
    'Ctrl-C finishes the step and saves; `fsx resume` goes on from there.';
  static override examples = [
    '<%= config.bin %> run recipes/chest-5shot.yaml',
    '<%= config.bin %> run recipes/chest-5shot.yaml --set seed=3 --set model.backbone.width=18',
    '<%= config.bin %> run recipes/chest-5shot.yaml --dry-run',
  ];
  static override args = { recipe: stringArgument({ description: 'a recipe file', required: true }) };
  static override flags = {
    set: setFlag,
    engine: engineFlag,
    reporter: reporterFlag,
    base: string({
      description: "folder that relative paths in the recipe start from (default: the recipe's own)",
      helpValue: 'DIR',
    }),
    'dry-run': boolean({
      description: 'check everything, build the model, take one step of each stage, and write nothing',
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Run);
    const { makeRunRequest } = await import('../run-request.ts');
    const overrides = [
      ...(flags.set ?? []),
      ...(flags.engine === undefined ? [] : [`engine=${flags.engine}`]),
    ];
    const request = await makeRunRequest(args.recipe, {
      ...{ overrides, reporter: flags.reporter },
      ...(flags.base === undefined ? {} : { baseDirectory: flags.base }),
    });
    if (flags['dry-run']) {
      const { dryRun } = await import('../../core/experiment/dry-run.ts');
      await dryRun(request);
      return;
    }
    const { startRun } = await import('../../core/experiment/run.ts');
    const { status } = await startRun(request);
    if (status === 'interrupted') this.exit(EXIT_CODES.interrupted);
  }
}
