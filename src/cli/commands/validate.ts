import { string as stringArgument } from '@oclif/core/args';
import { option } from '@oclif/core/flags';
import { EXIT_CODES } from '../../core/errors.ts';
import type { Problem, ProblemFormat } from '../../core/recipe/problems.ts';
import { BaseCommand } from '../base-command.ts';
import { setFlag } from '../flags.ts';

export default class Validate extends BaseCommand {
  static override summary = 'Check recipes and say everything that is wrong with them';
  static override description =
    'Checks the YAML, every key and value, every plugin and its options, and what the values say together. ' +
    'Each problem comes with its place, what was expected and the nearest valid name. Exits with 3 when there is one.';
  static override examples = [
    '<%= config.bin %> validate recipes/chest-5shot.yaml',
    '<%= config.bin %> validate recipes/*.yaml --format github',
    '<%= config.bin %> validate recipes/chest-5shot.yaml --set model.backbone.width=32',
  ];
  static override strict = false;
  static override args = {
    recipe: stringArgument({ description: 'recipe files, one or more', required: true }),
  };
  static override flags = {
    format: option({ options: ['text', 'json', 'github'] as const })({
      default: 'text',
      description: 'how problems are printed; github marks the lines of a pull request',
    }),
    set: setFlag,
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Validate);
    const problems: Problem[] = [];
    for (const path of argv.map(String)) {
      const found = await findProblems(path, flags.set ?? []);
      problems.push(...found);
      if (flags.format === 'text' && found.length === 0) this.log(`${path}: valid`);
    }
    if (problems.length > 0 || flags.format === 'json') this.log(await format(problems, flags.format));
    if (problems.length > 0) this.exit(EXIT_CODES.recipe);
  }
}

async function findProblems(path: string, overrides: readonly string[]): Promise<readonly Problem[]> {
  const { loadRecipe } = await import('../../core/recipe/load.ts');
  const { InvalidRecipeError } = await import('../../core/recipe/problems.ts');
  const { createRegistry } = await import('../../composition.ts');
  try {
    await loadRecipe(path, { createRegistry: () => createRegistry(), overrides, environment: process.env });
    return [];
  } catch (error) {
    if (error instanceof InvalidRecipeError) return error.problems;
    throw error;
  }
}

async function format(problems: readonly Problem[], as: ProblemFormat): Promise<string> {
  const { formatProblems } = await import('../../core/recipe/problems.ts');
  return formatProblems(problems, as, process.stdout.isTTY && process.stdout.hasColors());
}
