import { Type } from 'typebox';
import { PLUGIN_KEYWORD } from '../plugins/reference.ts';
import type { PluginRegistry } from '../plugins/registry.ts';
import { recipeJsonSchema, toEditorSchema } from './json-schema.ts';
import { asJsonSchema, type JsonSchema } from './places.ts';

/** Marks where an editor offers the keys of a recipe. */
const PARTIAL_RECIPE = 'fsxPartialRecipe';

/** A field that holds a recipe in part. It is checked as part of the recipes that it makes. */
export function partialRecipe(description: string) {
  return Type.Object({}, { description, default: {}, additionalProperties: true, [PARTIAL_RECIPE]: true });
}

/**
 * The JSON Schema of a file that makes recipes, for editors: what is set in a recipe is offered and checked like the
 * recipe itself. It asks for no key: a file may extend another, and only `fsx` sees both.
 */
export function recipeMakerJsonSchema(schema: object, registry: PluginRegistry): JsonSchema {
  const { $schema, definitions, ...recipe } = recipeJsonSchema(registry);
  const { extends: extension, ...settings } = recipe.properties!;
  const root = fileSchema(asJsonSchema(schema), registry);
  const partial = { ...recipe, title: 'part of a recipe', properties: settings };
  return {
    $schema,
    ...root,
    properties: { extends: extension!, ...root.properties },
    definitions: { ...(definitions as object), recipe: partial },
  };
}

function fileSchema(schema: JsonSchema, registry: PluginRegistry): JsonSchema {
  if (schema[PARTIAL_RECIPE] === true) {
    const { description } = schema;
    return { description: description!, allOf: [{ $ref: '#/definitions/recipe' }] };
  }
  if (schema[PLUGIN_KEYWORD] !== undefined) return toEditorSchema(schema, registry);
  const { required: _, properties, patternProperties, ...rest } = schema;
  const mapValues = (schemas: Readonly<Record<string, JsonSchema>>) =>
    Object.fromEntries(Object.entries(schemas).map(([key, member]) => [key, fileSchema(member, registry)]));
  return {
    ...rest,
    ...(properties && { properties: mapValues(properties) }),
    ...(patternProperties !== undefined && {
      patternProperties: mapValues(patternProperties as Record<string, JsonSchema>),
    }),
  };
}
