import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { string as stringArgument } from '@oclif/core/args';
import { boolean, string } from '@oclif/core/flags';
import { RecipeError } from '../../core/errors.ts';
import { BaseCommand } from '../base-command.ts';

const SUBJECTS = ['recipe', 'benchmark', 'sweep', 'metrics'] as const;
type Subject = (typeof SUBJECTS)[number];

export default class Schema extends BaseCommand {
  static override summary =
    'Print the JSON Schema of recipes, benchmarks or sweeps, for editors, or of metrics.json';
  static override description =
    'An editor with a YAML language server completes and checks a recipe whose first line is ' +
    '"# yaml-language-server: $schema=" and the path of the schema. Plugins of your own are added with --plugin.';
  static override examples = [
    '<%= config.bin %> schema --output schemas/recipe.schema.json',
    '<%= config.bin %> schema --plugin plugins/my-loss.ts --output my-recipe.schema.json',
    '<%= config.bin %> schema metrics',
    '<%= config.bin %> schema --check',
  ];
  static override args = {
    subject: stringArgument({
      description: 'what the schema describes (default: recipe; with --check, all)',
      options: [...SUBJECTS],
    }),
  };
  static override flags = {
    output: string({ description: 'write it to a file instead', helpValue: 'FILE' }),
    check: boolean({
      description: "fail when the file differs from the program (default: fsx's own schemas)",
    }),
    plugin: string({
      description: 'a plugin file whose options the schema of recipes, benchmarks and sweeps knows too',
      helpValue: 'FILE',
      multiple: true,
      multipleNonGreedy: true,
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Schema);
    const { output, check, plugin: plugins = [] } = flags;
    const subject = args.subject as Subject | undefined;
    if (check) {
      const whole = subject === undefined && output === undefined && plugins.length === 0;
      for (const one of whole ? SUBJECTS : [subject ?? 'recipe']) {
        const file = output ?? committedFile(one);
        await refuseStale(file, one, await generate(one, plugins));
        this.log(`${file} is up to date`);
      }
      return;
    }
    const text = await generate(subject ?? 'recipe', plugins);
    if (output === undefined) return this.log(text.trimEnd());
    await writeFile(output, text);
    this.log(`Wrote ${output}`);
  }
}

function committedFile(subject: Subject): string {
  return fileURLToPath(new URL(`../../../schemas/${subject}.schema.json`, import.meta.url));
}

async function generate(subject: Subject, plugins: readonly string[]): Promise<string> {
  const { formatJsonSchema, recipeJsonSchema } = await import('../../core/recipe/json-schema.ts');
  if (subject === 'metrics') {
    const { metricsJsonSchema } = await import('../../core/evaluation/metrics-schema.ts');
    return formatJsonSchema(metricsJsonSchema());
  }
  const { resolvePlugin } = await import('../../core/plugins/user-plugins.ts');
  const { createRegistry } = await import('../../composition.ts');
  const files = plugins.map((name) => resolvePlugin(`./${name}`, process.cwd()));
  const registry = await createRegistry(files);
  if (subject === 'recipe') return formatJsonSchema(recipeJsonSchema(registry));
  if (subject === 'sweep') {
    const { sweepJsonSchema } = await import('../../core/sweep/json-schema.ts');
    return formatJsonSchema(sweepJsonSchema(registry));
  }
  const { benchmarkJsonSchema } = await import('../../core/benchmark/json-schema.ts');
  return formatJsonSchema(benchmarkJsonSchema(registry));
}

async function refuseStale(file: string, subject: Subject, text: string): Promise<void> {
  const found = await readFile(file, 'utf8').catch(() => undefined);
  if (found === text) return;
  const what = found === undefined ? 'cannot be read' : 'is not what the program says today';
  throw new RecipeError('FSX_SCHEMA_STALE', `${file} ${what}`, {
    suggestion: `fsx schema ${subject} --output ${file}`,
  });
}
