import type { PluginRegistry } from '../plugins/registry.ts';
import { recipeMakerJsonSchema } from '../recipe/partial.ts';
import type { JsonSchema } from '../recipe/places.ts';
import { BenchmarkSchema } from './schema.ts';

/** The JSON Schema of a benchmark file, for editors. */
export function benchmarkJsonSchema(registry: PluginRegistry): JsonSchema {
  return recipeMakerJsonSchema(BenchmarkSchema, registry);
}
