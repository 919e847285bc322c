import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** C++ of fsx's own TensorFlow ops, which are compiled into the binding. */
const FOLDER = join(dirname(createRequire(import.meta.url).resolve('fsx/package.json')), 'native');

/** Paths of what the compiler is given. */
export function ownOpSources(): string[] {
  return sourceFiles()
    .filter((name) => name.endsWith('.cc'))
    .map((name) => join(FOLDER, name));
}

/** Changes with every change of the sources. */
export function ownOpsVersion(): string {
  const hash = createHash('sha256');
  for (const name of sourceFiles()) hash.update(`${name}\n`).update(readFileSync(join(FOLDER, name)));
  return hash.digest('hex').slice(0, 8);
}

function sourceFiles(): string[] {
  return readdirSync(FOLDER).sort();
}
