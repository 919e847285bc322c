import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { PLUGIN_KEYWORD } from './reference.ts';

const ajv = new Ajv({ allErrors: true, useDefaults: true, verbose: true, strict: false });
ajv.addKeyword({
  keyword: PLUGIN_KEYWORD,
  macro: () => ({ type: 'object', required: ['type'], properties: { type: { type: 'string' } } }),
});

const compiled = new WeakMap<object, ValidateFunction>();

/**
 * Checks a value against a schema and fills in its defaults, in place. Options of the plugins that the value names
 * are left alone: only their own schemas know them.
 * @returns every error that AJV finds; none when the value is valid.
 */
export function completeBySchema(schema: object, value: unknown): readonly ErrorObject[] {
  let validate = compiled.get(schema);
  if (validate === undefined) {
    validate = ajv.compile(schema);
    compiled.set(schema, validate);
  }
  return validate(value) ? [] : (validate.errors ?? []);
}
