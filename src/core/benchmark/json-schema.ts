import type { PluginRegistry } from '../plugins/registry.ts';
import { recipeJsonSchema } from '../recipe/json-schema.ts';
import { asJsonSchema, type JsonSchema } from '../recipe/places.ts';
import { BenchmarkSchema, PARTIAL_RECIPE } from './schema.ts';

/**
 * The JSON Schema of a benchmark file, for editors: what is set in a recipe is offered and checked like the recipe
 * itself. It asks for no key: a file may extend another, and only `fsx bench` sees both.
 */
export function benchmarkJsonSchema(registry: PluginRegistry): JsonSchema {
  const { $schema, definitions, ...recipe } = recipeJsonSchema(registry);
  const { extends: extension, ...settings } = recipe.properties!;
  const root = toEditorSchema(asJsonSchema(BenchmarkSchema));
  const partial = { ...recipe, title: 'part of a recipe', properties: settings };
  return {
    $schema,
    ...root,
    properties: { extends: extension!, ...root.properties },
    definitions: { ...(definitions as object), recipe: partial },
  };
}

function toEditorSchema(schema: JsonSchema): JsonSchema {
  if (schema[PARTIAL_RECIPE] === true) {
    const { description } = schema;
    return { description: description!, allOf: [{ $ref: '#/definitions/recipe' }] };
  }
  const { required: _, properties, patternProperties, ...rest } = schema;
  return {
    ...rest,
    ...(properties && { properties: mapValues(properties) }),
    ...(patternProperties !== undefined && {
      patternProperties: mapValues(patternProperties as Record<string, JsonSchema>),
    }),
  };
}

function mapValues(schemas: Readonly<Record<string, JsonSchema>>): Record<string, JsonSchema> {
  return Object.fromEntries(Object.entries(schemas).map(([key, schema]) => [key, toEditorSchema(schema)]));
}
