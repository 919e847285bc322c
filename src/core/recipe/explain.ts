import type { ErrorObject } from 'ajv';
import { nearestNames } from '../plugins/nearest.ts';
import { PLUGIN_KEYWORD } from '../plugins/reference.ts';
import type { PluginRegistry } from '../plugins/registry.ts';
import { describeSchema } from './describe.ts';
import type { JsonSchema } from './places.ts';
import type { RecipePath } from './tree.ts';

/** Something wrong at a path of a recipe, not yet at a place in a file. */
export interface Finding {
  readonly path: RecipePath;
  readonly target?: 'key' | 'value';
  readonly message: string;
  readonly expected?: string;
  readonly suggestion?: string;
}

/** AJV's errors in words; one finding for each thing that is wrong. */
export function explainErrors(errors: readonly ErrorObject[], registry: PluginRegistry): Finding[] {
  const relevant = withoutAlternatives(errors).filter(({ keyword }) => keyword !== PLUGIN_KEYWORD);
  return relevant
    .filter((error) => !relevant.some((other) => isMisspelling(other, error)))
    .map((error) => explainError(error, registry));
}

/** A misspelt key is unknown, and its right name is missing: one finding says both. */
function isMisspelling(unknown: ErrorObject, missing: ErrorObject): boolean {
  if (unknown.keyword !== 'additionalProperties' || missing.keyword !== 'required') return false;
  if (unknown.instancePath !== missing.instancePath) return false;
  const key = String(unknown.params.additionalProperty);
  return nearestNames(key, keysOf(unknown.parentSchema))[0] === missing.params.missingProperty;
}

/**
 * A value that fits none of several alternatives gives one error an alternative and one for all. One is enough:
 * that of the alternative whose inside is wrong, if there is one, else the one for all.
 */
function withoutAlternatives(errors: readonly ErrorObject[]): ErrorObject[] {
  const groups = errors.filter(({ keyword }) => keyword === 'anyOf');
  return errors.filter((error) => {
    const group = groups.find((one) => one !== error && error.schemaPath.startsWith(one.schemaPath));
    if (group !== undefined) return error.keyword !== 'anyOf' && isInside(error, group);
    return error.keyword !== 'anyOf' || !errors.some((one) => one !== error && isInside(one, error));
  });
}

function isInside(error: ErrorObject, group: ErrorObject): boolean {
  if (!error.schemaPath.startsWith(`${group.schemaPath}/`)) return false;
  return error.instancePath !== group.instancePath || error.keyword === 'additionalProperties';
}

function explainError(error: ErrorObject, registry: PluginRegistry): Finding {
  const path = pathOf(error.instancePath);
  if (error.keyword === 'additionalProperties') return explainUnknownKey(error, path);
  if (error.keyword === 'required') return explainMissingKey(error, path, registry);
  return { path, ...explainValue(error, registry) };
}

function explainUnknownKey({ params, parentSchema }: ErrorObject, path: RecipePath): Finding {
  const key = String(params.additionalProperty);
  return { path: [...path, key], target: 'key', ...explainUnknownName(key, keysOf(parentSchema)) };
}

/** An unknown key, the nearest known one and all of them. */
function explainUnknownName(key: string, known: readonly string[]): Omit<Finding, 'path'> {
  const near = nearestNames(key, known);
  const fix = key === '<<' ? 'YAML 1.2 has no merge keys; use extends.' : undefined;
  const suggestion = near.length === 0 ? fix : `Did you mean ${near.join(' or ')}?`;
  return {
    message: `unknown key "${key}"`,
    expected: known.length === 0 ? 'no further keys' : `one of ${known.join(', ')}`,
    ...(suggestion === undefined ? {} : { suggestion }),
  };
}

function explainMissingKey(error: ErrorObject, path: RecipePath, registry: PluginRegistry): Finding {
  const key = String(error.params.missingProperty);
  const schema = (error.parentSchema as JsonSchema).properties?.[key];
  const where = path.length === 0 ? '' : ` in ${path.join('.')}`;
  return {
    path,
    target: 'key',
    message: `"${key}" is missing${where}`,
    ...(schema === undefined ? {} : { expected: describeSchema(schema, registry) }),
  };
}

function explainValue(error: ErrorObject, registry: PluginRegistry): Omit<Finding, 'path'> {
  const { keyword, data, message, schemaPath } = error;
  const schema = error.parentSchema as JsonSchema;
  const expected = describeSchema(schema, registry);
  const isReference = schemaPath.includes(PLUGIN_KEYWORD) && keyword === 'type';
  if (isReference && typeof data === 'string') {
    return { message: `${quote(data)} is not a mapping`, expected: `{ type: ${data} }` };
  }
  if (isReference) return { message: `${quote(data)} does not name a plugin`, expected: '{ type: … }' };
  if (['type', 'anyOf', 'enum', 'const'].includes(keyword)) {
    return { message: `${quote(data)} does not fit here`, expected, ...nearestConstant(data, schema) };
  }
  if (keyword === 'pattern') {
    return {
      message: `${quote(data)} has characters that do not fit here`,
      expected: `text like ${schema.pattern}`,
    };
  }
  return { message: `${quote(data)} ${message}`, expected };
}

function nearestConstant(data: unknown, schema: JsonSchema): { suggestion?: string } {
  const alternatives = [schema, ...(schema.anyOf ?? [])].flatMap((one) => [one, ...(one.anyOf ?? [])]);
  const names = alternatives.flatMap((one) => one.enum ?? (one.const === undefined ? [] : [one.const]));
  const near = typeof data === 'string' ? nearestNames(data, names.map(String)) : [];
  return near.length === 0 ? {} : { suggestion: `Did you mean ${near[0]}?` };
}

function quote(data: unknown): string {
  if (data === null || data === undefined) return 'an empty value';
  const text = JSON.stringify(data);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function keysOf(schema: unknown): string[] {
  return Object.keys((schema as JsonSchema).properties ?? {});
}

function pathOf(instancePath: string): RecipePath {
  if (instancePath === '') return [];
  return instancePath
    .slice(1)
    .split('/')
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((key) => (/^\d+$/.test(key) ? Number(key) : key));
}
