import { option } from '@oclif/core/flags';
import { PLUGIN_KINDS, type PluginDefinition } from '../../../core/plugins/definition.ts';
import { BaseCommand } from '../../base-command.ts';

interface ListedPlugin {
  readonly kind: string;
  readonly type: string;
  readonly compares?: string;
  readonly summary: string;
  readonly source: string | null;
}

export default class PluginsList extends BaseCommand {
  static override summary = 'List the plugins that a recipe can name';
  static override examples = [
    '<%= config.bin %> plugins list',
    '<%= config.bin %> plugins list --kind backbone --json',
  ];
  static override enableJsonFlag = true;
  static override flags = {
    kind: option({ options: PLUGIN_KINDS })({ description: 'of this kind only' }),
  };

  async run(): Promise<ListedPlugin[]> {
    const { flags } = await this.parse(PluginsList);
    const { createRegistry } = await import('../../../composition.ts');
    const { default: Table } = await import('cli-table3');
    const plugins = (await createRegistry()).all().filter(({ kind }) => kind === (flags.kind ?? kind));
    const table = new Table({
      head: ['kind', 'type', 'summary'],
      style: { head: [], border: [], compact: true },
    });
    table.push(...plugins.map(({ kind, type, summary }) => [kind, type, summary]));
    this.log(table.toString());
    return plugins.map(listed);
  }
}

function listed({ kind, type, compares, summary, source }: PluginDefinition): ListedPlugin {
  return { kind, type, ...(compares === undefined ? {} : { compares }), summary, source: source ?? null };
}
