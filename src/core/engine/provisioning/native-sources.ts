import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { codeHash } from '../../code-hash.ts';

/** C++ of fsx's own TensorFlow ops and of what it adds to the package's binding: compiled into the binding. */
const FOLDER = join(dirname(createRequire(import.meta.url).resolve('fsx/package.json')), 'native');

/** Paths of what the compiler is given. */
export function nativeSources(): string[] {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith('.cc'));
  return names.sort().map((name) => join(FOLDER, name));
}

/** Changes with every change of the sources. */
export function nativeSourcesVersion(): string {
  return codeHash(pathToFileURL(FOLDER)).slice(0, 8);
}
