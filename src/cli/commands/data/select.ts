import { string as stringArgument } from '@oclif/core/args';
import { integer, option, string } from '@oclif/core/flags';
import type { Selection } from '../../../core/selection/select-images.ts';
import { BaseCommand } from '../../base-command.ts';
import { setFlag } from '../../flags.ts';

export default class DataSelect extends BaseCommand {
  static override summary = 'Choose which images to label: those that represent the training images best';
  static override description =
    'Looks at pixels alone, never at landmarks: histograms of gradients say how like each other the images are, and the ' +
    'images are chosen together so that the mean similarity of each training image to the nearest chosen one (the ' +
    'coverage, from 0 to 1) is as large as the greedy choice makes it. Images that the recipe validates or tests on are ' +
    'left out; with a dataset that has no landmarks yet, set data.split.validation and data.split.test to 0. ' +
    '--format yaml prints what to paste into the recipe; validation and test images that are drawn by count are listed ' +
    'there too, so that they stay the same. After Quan et al., CVPR 2022.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> recipes/chest-5shot.yaml --count 5 --sheet to-label.png',
    '<%= config.bin %> <%= command.id %> recipes/chest-5shot.yaml --format yaml > labeled.yaml',
    '<%= config.bin %> <%= command.id %> recipes/chest-5shot.yaml --method random --seed 3',
  ];
  static override enableJsonFlag = true;
  static override args = { recipe: stringArgument({ description: 'a recipe file', required: true }) };
  static override flags = {
    count: integer({ default: 5, min: 1, description: 'how many images' }),
    method: option({ options: ['coverage', 'random'] as const })({
      default: 'coverage',
      description: 'coverage: images that represent the others; random: to compare with',
    }),
    seed: integer({ default: 0, min: 0, description: 'draws with --method random' }),
    format: option({ options: ['text', 'yaml'] as const })({
      default: 'text',
      description: 'text: a table; yaml: a part of a recipe',
    }),
    sheet: string({ description: 'also draw the chosen images side by side, as PNG', helpValue: 'FILE' }),
    set: setFlag,
  };

  async run(): Promise<Selection> {
    const { args, flags } = await this.parse(DataSelect);
    const { loadRecipe } = await import('../../../core/recipe/load.ts');
    const { createRegistry } = await import('../../../composition.ts');
    const { recipeSnippet, selectImages } = await import('../../../core/selection/select-images.ts');
    const { textReporter } = await import('../../reporters/text-reporter.ts');
    const { count, method, seed, format, sheet } = flags;
    const loaded = await loadRecipe(args.recipe, {
      createRegistry: () => createRegistry(),
      overrides: flags.set ?? [],
      environment: process.env,
    });
    const tell = textReporter(process.stderr);
    const onProgress = (done: number, total: number) =>
      tell({ kind: 'preparing', what: 'images', done, total });
    const { selection, dataset } = await selectImages(loaded, { count, method, seed }, onProgress);
    this.log(format === 'yaml' ? recipeSnippet(selection).trimEnd() : await selectionTable(selection));
    if (sheet !== undefined) {
      const { writeContactSheet } = await import('../../../core/selection/contact-sheet.ts');
      await writeContactSheet(sheet, dataset, selection);
      this.logToStderr(`Drawn: ${sheet}`);
    }
    return selection;
  }
}

async function selectionTable({ chosen, pool, method }: Selection): Promise<string> {
  const { default: Table } = await import('cli-table3');
  const table = new Table({
    head: ['', 'image', 'gain', 'coverage'],
    colAligns: ['right', 'left', 'right', 'right'],
    style: { head: [], border: [], compact: true },
  });
  table.push(
    ...chosen.map(({ id, gain, coverage }, index) => [index + 1, id, gain.toFixed(4), coverage.toFixed(4)]),
  );
  const from = `${chosen.length} of ${pool} training images, method ${method}.`;
  return `${table.toString()}\n${from} For a recipe: --format yaml`;
}
