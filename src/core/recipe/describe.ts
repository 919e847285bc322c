import { PLUGIN_KEYWORD } from '../plugins/reference.ts';
import type { PluginRegistry } from '../plugins/registry.ts';
import { definitionsFor, type JsonSchema } from './places.ts';

/** What a schema takes, in words: `a whole number of at least 1, or rest`. */
export function describeSchema(schema: JsonSchema, registry?: PluginRegistry): string {
  const place = schema[PLUGIN_KEYWORD];
  if (place !== undefined) {
    const types = registry === undefined ? [] : definitionsFor(place, registry).map(({ type }) => type);
    const known = types.length === 0 ? '…' : types.join(' | ');
    return `a ${place.kind}: { type: ${known} }`;
  }
  if (schema.const !== undefined) return String(schema.const);
  if (schema.enum !== undefined) return schema.enum.join(' or ');
  if (schema.anyOf !== undefined) {
    return unique(schema.anyOf.map((one) => describeSchema(one, registry))).join(' or ');
  }
  return `${describeType(schema, registry)}${describeBounds(schema)}`;
}

function describeType(schema: JsonSchema, registry?: PluginRegistry): string {
  switch (schema.type) {
    case 'integer':
      return 'a whole number';
    case 'number':
      return 'a number';
    case 'string':
      return 'text';
    case 'boolean':
      return 'true or false';
    case 'null':
      return 'null';
    case 'array':
      return describeList(schema, registry);
    case 'object':
      return `a mapping${keysOf(schema)}`;
    default:
      return 'a value';
  }
}

function describeList({ items }: JsonSchema, registry?: PluginRegistry): string {
  if (items === undefined) return 'a list';
  if (!Array.isArray(items)) return `a list, each item ${describeSchema(items as JsonSchema, registry)}`;
  return `a list of ${items.length}: ${items.map((item: JsonSchema) => describeSchema(item, registry)).join(', ')}`;
}

function keysOf({ properties }: JsonSchema): string {
  return properties === undefined ? '' : ` with ${Object.keys(properties).join(', ')}`;
}

function describeBounds(schema: JsonSchema): string {
  const bounds: string[] = [];
  if (schema.minimum !== undefined) bounds.push(`at least ${schema.minimum}`);
  if (schema.exclusiveMinimum !== undefined) bounds.push(`more than ${schema.exclusiveMinimum}`);
  if (schema.maximum !== undefined) bounds.push(`at most ${schema.maximum}`);
  if (schema.exclusiveMaximum !== undefined) bounds.push(`less than ${schema.exclusiveMaximum}`);
  return bounds.length === 0 ? '' : `, ${bounds.join(' and ')}`;
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}
