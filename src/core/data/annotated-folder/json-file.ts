import { readFile } from 'node:fs/promises';
import type { Static, TSchema } from 'typebox';
import { completeBySchema } from '../../plugins/options.ts';
import type { Place, Problems } from './problems.ts';

/**
 * Reads a JSON file of annotations; `undefined`, with all that is wrong noted, when it is not what the schema says.
 * @param file how messages name it.
 */
export async function readJson<S extends TSchema>(
  path: string,
  file: string,
  schema: S,
  problems: Problems,
): Promise<Static<S> | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
    const errors = completeBySchema(schema, value);
    for (const { instancePath, message } of errors) problems.add(jsonPlace(file, instancePath), `${message}`);
    return errors.length === 0 ? (value as Static<S>) : undefined;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    problems.add({ file }, code === 'ENOENT' ? `there is no file ${path}` : message);
    return undefined;
  }
}

/** A place in a JSON file: `train.json: annotations[3].keypoints` for the pointer `/annotations/3/keypoints`. */
export function jsonPlace(file: string, pointer: string): Place {
  const path = pointer
    .slice(1)
    .split('/')
    .map((key) => (/^\d+$/.test(key) ? `[${key}]` : `.${key}`))
    .join('')
    .replace(/^\./, '');
  return { file: path === '' ? file : `${file}: ${path}` };
}
