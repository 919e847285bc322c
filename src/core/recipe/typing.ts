import { parse } from 'yaml';
import { completeBySchema } from '../plugins/options.ts';
import type { PluginRegistry } from '../plugins/registry.ts';
import { type JsonSchema, memberSchema } from './places.ts';
import { childOf, type MapEntry, type RecipeNode, type ScalarNode } from './tree.ts';

/** Gives text from the environment and the command line the type that the schema asks for at its path. */
export function typeValues(
  node: RecipeNode,
  schema: JsonSchema | undefined,
  registry: PluginRegistry,
): RecipeNode {
  if (node.kind === 'scalar') return node.untyped ? typeScalar(node, schema) : node;
  const type = childOf(node, 'type');
  const pluginType = type?.kind === 'scalar' ? type.value : undefined;
  const typeMember = (member: RecipeNode, key: string | number) =>
    typeValues(member, schema && memberSchema(schema, key, pluginType, registry), registry);
  if (node.kind === 'list') return { ...node, items: node.items.map(typeMember) };
  const entries = [...node.entries].map(([key, entry]): [string, MapEntry] => [
    key,
    { ...entry, value: typeMember(entry.value, key) },
  ]);
  return { ...node, entries: new Map(entries) };
}

/** What YAML reads in the text if the schema takes that, else the text itself if the schema takes that. */
function typeScalar({ place, value }: ScalarNode, schema: JsonSchema | undefined): ScalarNode {
  const text = String(value);
  const read = readScalar(text);
  const keepText = schema !== undefined && !accepts(schema, read) && accepts(schema, text);
  return { kind: 'scalar', value: keepText ? text : read, place };
}

function accepts(schema: JsonSchema, value: unknown): boolean {
  return completeBySchema(schema, value).length === 0;
}

function readScalar(text: string): ScalarNode['value'] {
  try {
    const value: unknown = parse(text, { logLevel: 'silent' });
    return value !== null && typeof value === 'object' ? text : (value as ScalarNode['value']);
  } catch {
    return text;
  }
}
