import type { PluginDefinition, PluginReference } from '../plugins/definition.ts';
import { nearestNames } from '../plugins/nearest.ts';
import { completeBySchema } from '../plugins/options.ts';
import { type PluginRegistry, suggestTypes } from '../plugins/registry.ts';
import { explainErrors, type Finding } from './explain.ts';
import { definitionsFor, type JsonSchema, type PluginPlace, pluginPlaceOf } from './places.ts';
import type { RecipePath } from './tree.ts';

export interface CheckOptions {
  readonly registry: PluginRegistry;
  /** False when some plugins could not be loaded: a type that is not known is then no finding. */
  readonly reportUnknownTypes: boolean;
}

/**
 * Checks a value against a schema, and every plugin that it names against that plugin's own options. Defaults are
 * filled in, in place, down to the options of plugins that plugins name.
 */
export function checkValue(value: unknown, schema: object, options: CheckOptions): Finding[] {
  const findings = explainErrors(completeBySchema(schema, value), options.registry);
  return [...findings, ...checkPlugins(value, schema as JsonSchema, [], options)];
}

function checkPlugins(
  value: unknown,
  schema: JsonSchema,
  path: RecipePath,
  options: CheckOptions,
): Finding[] {
  if (value === null || typeof value !== 'object') return [];
  const place = pluginPlaceOf(schema);
  if (place !== undefined) return checkReference(value as PluginReference, place, path, options);
  return [schema, ...(schema.anyOf ?? [])].flatMap((one) => checkMembers(value, one, path, options));
}

function checkMembers(value: object, schema: JsonSchema, path: RecipePath, options: CheckOptions): Finding[] {
  if (Array.isArray(value)) {
    if (schema.items === undefined || Array.isArray(schema.items)) return [];
    const items = schema.items as JsonSchema;
    return value.flatMap((item, index) => checkPlugins(item, items, [...path, index], options));
  }
  return Object.entries(schema.properties ?? {}).flatMap(([key, property]) =>
    checkPlugins((value as Record<string, unknown>)[key], property, [...path, key], options),
  );
}

function checkReference(
  reference: PluginReference,
  place: PluginPlace,
  path: RecipePath,
  options: CheckOptions,
): Finding[] {
  const { type } = reference;
  if (typeof type !== 'string') return [];
  const definition = definitionsFor(place, options.registry).find((known) => known.type === type);
  if (definition !== undefined) return checkOptions(reference, definition, path, options);
  return options.reportUnknownTypes ? [explainUnknownType(type, place, path, options.registry)] : [];
}

function checkOptions(
  reference: PluginReference,
  definition: PluginDefinition,
  path: RecipePath,
  options: CheckOptions,
): Finding[] {
  const { type: _, ...given } = reference;
  const findings = checkValue(given, definition.options, options);
  Object.assign(reference, given);
  const of = `${definition.kind} "${definition.type}"`;
  return findings.map((finding) => ({
    ...finding,
    path: [...path, ...finding.path],
    message: finding.path.length > 1 ? finding.message : `${finding.message} (${of})`,
  }));
}

function explainUnknownType(
  type: string,
  place: PluginPlace,
  path: RecipePath,
  registry: PluginRegistry,
): Finding {
  const fitting = definitionsFor(place, registry).map((definition) => definition.type);
  const other = registry.definitions(place.kind).find((definition) => definition.type === type);
  const message =
    other === undefined
      ? `there is no ${place.kind} named "${type}"`
      : `${place.kind} "${type}" compares ${(other as PluginDefinition).compares}, not ${place.compares}`;
  return {
    path: [...path, 'type'],
    message,
    expected: fitting.length === 0 ? `a ${place.kind}` : `one of ${fitting.join(', ')}`,
    ...(nearestNames(type, fitting).length === 0
      ? {}
      : { suggestion: suggestTypes(place.kind, type, fitting) }),
  };
}
