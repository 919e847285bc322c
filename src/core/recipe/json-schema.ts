import type { PluginDefinition } from '../plugins/definition.ts';
import { PLUGIN_KEYWORD } from '../plugins/reference.ts';
import type { PluginRegistry } from '../plugins/registry.ts';
import { asJsonSchema, definitionsFor, type JsonSchema } from './places.ts';
import { RecipeSchema } from './schema.ts';

/**
 * The JSON Schema of a recipe file, for editors: draft 7, which the YAML language server knows best. Each plugin place
 * is one of the registry's plugins, told apart by `type`. It asks for no key: a file may extend another, and
 * only `fsx validate` sees both.
 */
export function recipeJsonSchema(registry: PluginRegistry): JsonSchema {
  const root = toEditorSchema(asJsonSchema(RecipeSchema), registry);
  const file = { type: 'string', minLength: 1 };
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    ...root,
    properties: {
      extends: {
        anyOf: [file, { type: 'array', items: file }],
        description: 'recipes that this one starts from, relative to this file; later ones win',
      },
      ...root.properties,
    },
    definitions: Object.fromEntries(
      registry.all().map((definition) => [nameOf(definition), pluginSchema(definition, registry)]),
    ),
  };
}

/** The schema as a file is written, and how it is compared with the registry's. */
export function formatJsonSchema(schema: JsonSchema): string {
  return `${JSON.stringify(schema, null, 2)}\n`;
}

function pluginSchema(definition: PluginDefinition, registry: PluginRegistry): JsonSchema {
  const { kind, type, summary, source, options } = definition;
  const schema = toEditorSchema(asJsonSchema(options), registry);
  return {
    ...schema,
    title: `${kind} ${type}`,
    description: source === undefined ? summary : `${summary} (${source})`,
    properties: { type: { const: type, description: summary }, ...schema.properties },
  };
}

/** A schema without what only fsx reads; a place that names a plugin takes one of the registry's. */
export function toEditorSchema(schema: JsonSchema, registry: PluginRegistry): JsonSchema {
  const { [PLUGIN_KEYWORD]: place, required: _, ...rest } = schema;
  if (place !== undefined) {
    const own = definitionsFor(place, registry).map((definition) => ({
      $ref: `#/definitions/${nameOf(definition)}`,
    }));
    const types = definitionsFor(place, registry).map(({ type }) => type);
    return { ...rest, type: 'object', anyOf: [...own, userPlugin(place.kind, types)] };
  }
  return mapMembers(rest, (member) => toEditorSchema(member, registry));
}

/** Types that only a recipe's own plugins have; `fsx validate` loads them and checks their options. */
function userPlugin(kind: string, known: readonly string[]): JsonSchema {
  return {
    title: `${kind} of your own`,
    description: `a ${kind} from one of the files under \`plugins\``,
    required: ['type'],
    properties: { type: { type: 'string', not: { enum: known } } },
  };
}

function mapMembers(schema: JsonSchema, map: (member: JsonSchema) => JsonSchema): JsonSchema {
  const { properties, items, anyOf } = schema;
  return {
    ...schema,
    ...(properties && {
      properties: Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, map(value)])),
    }),
    ...(items && {
      items: Array.isArray(items) ? (items as JsonSchema[]).map(map) : map(items as JsonSchema),
    }),
    ...(anyOf && { anyOf: anyOf.map(map) }),
  };
}

function nameOf({ kind, type }: PluginDefinition): string {
  return `${kind}.${type}`;
}
