import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../base-command.ts';

export default class RecipeShow extends BaseCommand {
  static override summary = 'Show a recipe as fsx understands it';
  static override examples = [
    '<%= config.bin %> recipe show recipes/chest-5shot.yaml --resolved --origin',
    '<%= config.bin %> recipe show recipes/chest-5shot.yaml --set seed=3',
  ];
  static override args = { recipe: Args.string({ description: 'a recipe file', required: true }) };
  static override flags = {
    resolved: Flags.boolean({ description: 'with every default, not only what was written' }),
    origin: Flags.boolean({ description: 'say beside each value where it was written' }),
    set: Flags.string({
      description: 'another value for a path of the recipe',
      helpValue: 'PATH=VALUE',
      multiple: true,
      multipleNonGreedy: true,
    }),
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
