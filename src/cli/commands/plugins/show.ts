import { string as stringArgument } from '@oclif/core/args';
import { UsageError } from '../../../core/errors.ts';
import { PLUGIN_KINDS, type PluginDefinition, type PluginKind } from '../../../core/plugins/definition.ts';
import { BaseCommand } from '../../base-command.ts';

interface ShownOption {
  readonly name: string;
  readonly type: string;
  readonly default: unknown;
  readonly description: string;
}

interface ShownPlugin {
  readonly kind: string;
  readonly type: string;
  readonly summary: string;
  readonly source: string | null;
  readonly options: readonly ShownOption[];
}

export default class PluginsShow extends BaseCommand {
  static override summary = 'Show a plugin: what it implements, and its options';
  static override examples = ['<%= config.bin %> plugins show backbone/hrnet'];
  static override enableJsonFlag = true;
  static override args = {
    plugin: stringArgument({ description: 'kind and type, such as backbone/hrnet', required: true }),
  };

  async run(): Promise<ShownPlugin> {
    const { args } = await this.parse(PluginsShow);
    const [kind, type] = splitName(args.plugin);
    const { createRegistry } = await import('../../../composition.ts');
    const definition = (await createRegistry()).find(kind, type) as PluginDefinition;
    const shown = await describe(definition);
    this.log(`${kind}/${type}: ${shown.summary}`);
    if (shown.source !== null) this.log(`Source: ${shown.source}`);
    this.log(await optionTable(shown.options));
    return shown;
  }
}

function splitName(name: string): [PluginKind, string] {
  const [kind, type, ...rest] = name.split('/');
  const known = PLUGIN_KINDS.find((one) => one === kind);
  if (known !== undefined && type && rest.length === 0) return [known, type];
  throw new UsageError('FSX_PLUGIN_NAME', `"${name}" does not name a plugin`, {
    suggestion: `Write KIND/TYPE, where KIND is one of ${PLUGIN_KINDS.join(', ')}.`,
  });
}

async function describe({ kind, type, summary, source, options }: PluginDefinition): Promise<ShownPlugin> {
  const { describeSchema } = await import('../../../core/recipe/describe.ts');
  const { asJsonSchema } = await import('../../../core/recipe/places.ts');
  const rows = Object.entries(asJsonSchema(options).properties ?? {}).map(([name, option]) => ({
    name,
    type: describeSchema(option),
    default: option.default ?? null,
    description: option.description ?? '',
  }));
  return { kind, type, summary, source: source ?? null, options: rows };
}

async function optionTable(options: readonly ShownOption[]): Promise<string> {
  if (options.length === 0) return 'It has no options.';
  const { default: Table } = await import('cli-table3');
  const table = new Table({
    head: ['option', 'takes', 'default', 'what it does'],
    colWidths: [null, 30, 20, 56],
    wordWrap: true,
    style: { head: [], border: [] },
  });
  table.push(
    ...options.map((option) => [
      option.name,
      option.type,
      JSON.stringify(option.default),
      option.description,
    ]),
  );
  return table.toString();
}
