import type { PluginDefinition, PluginKind } from '../plugins/definition.ts';
import { PLUGIN_KEYWORD } from '../plugins/reference.ts';
import type { PluginRegistry } from '../plugins/registry.ts';
import type { Loss } from '../training/strategy.ts';

/** The parts of a JSON Schema that fsx writes and reads. */
export interface JsonSchema {
  readonly [keyword: string]: unknown;
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly items?: JsonSchema | readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly [PLUGIN_KEYWORD]?: PluginPlace;
}

/** A TypeBox schema is a JSON Schema; its type does not say so. */
export function asJsonSchema(schema: object): JsonSchema {
  return schema as JsonSchema;
}

/** What a schema says of a place that names a plugin. */
export interface PluginPlace {
  readonly kind: PluginKind;
  readonly compares?: Loss['compares'];
}

/** The plugin place of a schema, also where it is one of several alternatives. */
export function pluginPlaceOf(schema: JsonSchema): PluginPlace | undefined {
  const [own] = [schema, ...(schema.anyOf ?? [])].flatMap((one) => one[PLUGIN_KEYWORD] ?? []);
  return own;
}

/** The plugins that a place takes. */
export function definitionsFor(place: PluginPlace, registry: PluginRegistry): PluginDefinition[] {
  const known = registry.definitions(place.kind) as PluginDefinition[];
  return known.filter(({ compares }) => place.compares === undefined || compares === place.compares);
}

/** The schema of a value's member: a property, an item, or an option of the plugin that the value names. */
export function memberSchema(
  schema: JsonSchema,
  key: string | number,
  pluginType: unknown,
  registry: PluginRegistry,
): JsonSchema | undefined {
  const place = pluginPlaceOf(schema);
  if (place !== undefined) {
    if (key === 'type') return { type: 'string' };
    const definition = definitionsFor(place, registry).find(({ type }) => type === pluginType);
    return (definition?.options as JsonSchema | undefined)?.properties?.[key];
  }
  for (const one of [schema, ...(schema.anyOf ?? [])]) {
    const member = typeof key === 'number' ? itemSchema(one, key) : one.properties?.[key];
    if (member !== undefined) return member;
  }
  return undefined;
}

function itemSchema({ items }: JsonSchema, index: number): JsonSchema | undefined {
  return Array.isArray(items) ? (items as readonly JsonSchema[])[index] : (items as JsonSchema | undefined);
}
