import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Flags } from '@oclif/core';
import { RecipeError } from '../../core/errors.ts';
import { BaseCommand } from '../base-command.ts';

const COMMITTED = fileURLToPath(new URL('../../../schemas/recipe.schema.json', import.meta.url));

export default class Schema extends BaseCommand {
  static override summary = 'Print the JSON Schema of recipes, for editors';
  static override description =
    'An editor with a YAML language server completes and checks a recipe whose first line is ' +
    '"# yaml-language-server: $schema=" and the path of the schema. Plugins of your own are added with --plugin.';
  static override examples = [
    '<%= config.bin %> schema --output schemas/recipe.schema.json',
    '<%= config.bin %> schema --plugin plugins/my-loss.ts --output my-recipe.schema.json',
    '<%= config.bin %> schema --check',
  ];
  static override flags = {
    output: Flags.string({ description: 'write it to a file instead', helpValue: 'FILE' }),
    check: Flags.boolean({
      description: "fail when the file differs from the plugins (default: fsx's own schema)",
    }),
    plugin: Flags.string({
      description: 'a plugin file whose options the schema knows too',
      helpValue: 'FILE',
      multiple: true,
      multipleNonGreedy: true,
    }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Schema);
    const text = await generate(flags.plugin ?? []);
    if (flags.check) {
      const file = flags.output ?? COMMITTED;
      await refuseStale(file, text);
      this.log(`${file} is up to date`);
    } else if (flags.output === undefined) {
      this.log(text.trimEnd());
    } else {
      await writeFile(flags.output, text);
      this.log(`Wrote ${flags.output}`);
    }
  }
}

async function generate(plugins: readonly string[]): Promise<string> {
  const { resolvePlugin } = await import('../../core/plugins/user-plugins.ts');
  const { formatJsonSchema, recipeJsonSchema } = await import('../../core/recipe/json-schema.ts');
  const { createRegistry } = await import('../../composition.ts');
  const files = plugins.map((name) => resolvePlugin(`./${name}`, process.cwd()));
  return formatJsonSchema(recipeJsonSchema(await createRegistry(files)));
}

async function refuseStale(file: string, text: string): Promise<void> {
  const committed = await readFile(file, 'utf8').catch(() => undefined);
  if (committed === text) return;
  const what = committed === undefined ? 'cannot be read' : 'is not what the plugins say today';
  throw new RecipeError('FSX_SCHEMA_STALE', `${file} ${what}`, { suggestion: `fsx schema --output ${file}` });
}
