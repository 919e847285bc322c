import { createHash } from 'node:crypto';
import type { TrackedImage } from '../tracker.ts';

/**
 * Where MLflow's user interface looks for the pictures of a series: key, step, time and an id in the file's name, and
 * a small copy beside it. MLflow 2 wants `%` for `+` and then decodes `%40`: there they are files like any other.
 * @param identity unique for the picture, so that sent twice it is one.
 */
export function imagePaths(
  { key, step, file, preview }: TrackedImage,
  timestampMs: number,
  identity: string,
): { readonly path: string; readonly file: string }[] {
  const facts = [key.replaceAll('/', '~'), 'step', step, 'timestamp', timestampMs, uuidOf(identity)];
  const name = `images/${facts.join('+')}`;
  return [
    { path: `${name}.png`, file },
    { path: `${name}+compressed.webp`, file: preview },
  ];
}

function uuidOf(identity: string): string {
  const digest = createHash('sha256').update(identity).digest('hex');
  const starts = [0, 8, 12, 16, 20, 32];
  return starts
    .slice(1)
    .map((end, index) => digest.slice(starts[index], end))
    .join('-');
}
