import { string as stringArgument } from '@oclif/core/args';
import { integer, string } from '@oclif/core/flags';
import type { DataInspection } from '../../../core/data/inspection/inspect.ts';
import { EXIT_CODES } from '../../../core/errors.ts';
import { BaseCommand } from '../../base-command.ts';
import { setFlag } from '../../flags.ts';

export default class DataInspect extends BaseCommand {
  static override summary = "Look at a recipe's dataset: what it holds, and what seems to be wrong with it";
  static override description =
    'Reads every image once. Counts samples, labels, parts and patients; measures image sizes, pixel spacing and how ' +
    'landmarks vary; and lists images that are copies of each other (an error where a test image is one), show nothing ' +
    'or cannot be read, landmarks that coincide or lie outside, and shapes unlike the others, which are mostly labeling ' +
    'mistakes: a point misplaced, two exchanged, left for right. Exits with 4 when there is an error, not for suspicions.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> recipes/chest-5shot.yaml',
    '<%= config.bin %> <%= command.id %> recipes/ceph-5shot.yaml --sheet sheet.png',
    '<%= config.bin %> <%= command.id %> recipes/chest-5shot.yaml --set data.dataset.samples=40 --json',
  ];
  static override enableJsonFlag = true;
  static override args = { recipe: stringArgument({ description: 'a recipe file', required: true }) };
  static override flags = {
    sheet: string({
      description: 'draw some images with their landmarks, those with findings first, into a PNG',
      helpValue: 'FILE',
    }),
    'sheet-images': integer({ default: 24, min: 1, max: 200, description: 'how many images --sheet shows' }),
    set: setFlag,
  };

  async run(): Promise<DataInspection> {
    const { args, flags } = await this.parse(DataInspect);
    const { createRegistry } = await import('../../../composition.ts');
    const { loadRecipe } = await import('../../../core/recipe/load.ts');
    const { inspectData, writeContactSheet } = await import('../../../core/experiment/inspect-data.ts');
    const { inspectionText } = await import('../../reporters/inspection-text.ts');
    const { textReporter } = await import('../../reporters/text-reporter.ts');
    const loaded = await loadRecipe(args.recipe, {
      createRegistry: () => createRegistry(),
      overrides: flags.set ?? [],
      environment: process.env,
    });
    const listener = textReporter(process.stderr);
    const inspected = await inspectData(loaded, (done, total) =>
      listener({ kind: 'preparing', what: 'images', done, total }),
    );
    const { inspection } = inspected;
    const title = `${loaded.recipe.data.dataset.type} of ${args.recipe}`;
    this.log(inspectionText(title, inspection));
    if (flags.sheet !== undefined) {
      await writeContactSheet(flags.sheet, inspected, title, flags['sheet-images']);
      this.log(`Sheet: ${flags.sheet}`);
    }
    if (inspection.findings.some(({ severity }) => severity === 'error')) process.exitCode = EXIT_CODES.data;
    return inspection;
  }
}
