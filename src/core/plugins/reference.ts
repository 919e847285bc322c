import { type TUnsafe, Type } from 'typebox';
import type { Loss } from '../training/strategy.ts';
import type { PluginKind, PluginReference } from './definition.ts';

/** Marks a place in a schema where a plugin of a kind is named; the recipe schema fills in the known ones. */
export const PLUGIN_KEYWORD = 'x-fsx-plugin';

export interface ReferenceOptions {
  readonly description: string;
  readonly default?: PluginReference;
  /** Losses only. */
  readonly compares?: Loss['compares'];
}

/** A field of a recipe, or of a plugin's options, that names a plugin: `{ type: dag, margin: 0.1 }`. */
export function pluginReference(kind: PluginKind, options: ReferenceOptions): TUnsafe<PluginReference> {
  const { compares, ...rest } = options;
  return Type.Unsafe<PluginReference>({
    ...rest,
    [PLUGIN_KEYWORD]: compares === undefined ? { kind } : { kind, compares },
  });
}
