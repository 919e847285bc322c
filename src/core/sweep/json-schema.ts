import type { PluginRegistry } from '../plugins/registry.ts';
import { recipeMakerJsonSchema } from '../recipe/partial.ts';
import type { JsonSchema } from '../recipe/places.ts';
import { SweepSchema } from './schema.ts';

/** The JSON Schema of a sweep file, for editors. */
export function sweepJsonSchema(registry: PluginRegistry): JsonSchema {
  return recipeMakerJsonSchema(SweepSchema, registry);
}
