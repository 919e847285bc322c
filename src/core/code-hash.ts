import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CODE = /(?<!\.d)\.(js|ts|cc|h)$/;

/** SHA-256 of some files of the program, or of all in some folders and below: what other code made is told by it. */
export function codeHash(...places: readonly URL[]): string {
  const hash = createHash('sha256');
  for (const path of places.map((place) => fileURLToPath(place))) {
    if (statSync(path).isFile()) hash.update(readFileSync(path));
    else for (const file of codeFiles(path)) hash.update(file).update(readFileSync(join(path, file)));
  }
  return hash.digest('hex');
}

function codeFiles(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return files.filter((file) => CODE.test(file)).sort();
}
