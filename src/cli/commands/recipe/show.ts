import { string as stringArgument } from '@oclif/core/args';
import { boolean } from '@oclif/core/flags';
import { BaseCommand } from '../../base-command.ts';
import { setFlag } from '../../flags.ts';

export default class RecipeShow extends BaseCommand {
  static override summary = 'Show a recipe as fsx understands it';
  static override examples = [
    '<%= config.bin %> recipe show recipes/chest-5shot.yaml --resolved --origin',
    '<%= config.bin %> recipe show recipes/chest-5shot.yaml --set seed=3',
  ];
  static override args = { recipe: stringArgument({ description: 'a recipe file', required: true }) };
  static override flags = {
    resolved: boolean({ description: 'with every default, not only what was written' }),
    origin: boolean({ description: 'say beside each value where it was written' }),
    set: setFlag,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RecipeShow);
    const { loadRecipe } = await import('../../../core/recipe/load.ts');
    const { renderRecipe } = await import('../../../core/recipe/render.ts');
    const { createRegistry } = await import('../../../composition.ts');
    const loaded = await loadRecipe(args.recipe, {
      createRegistry: () => createRegistry(),
      overrides: flags.set ?? [],
      environment: process.env,
    });
    this.log(renderRecipe(loaded, { defaults: flags.resolved, origins: flags.origin }).trimEnd());
  }
}
