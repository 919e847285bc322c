import { digest } from '../digest.ts';

/** Folder names hold 255 bytes; a run puts its time before this. */
const MOST_NAME = 120;

/**
 * What each trial is called: the values that differ among the trials, by the shortest end of their paths that tells
 * them apart. `learningRate-0.001.width-16.seed-2`.
 * @param trials the settings of each, by path.
 */
export function trialNames(trials: readonly Readonly<Record<string, unknown>>[]): string[] {
  const paths = [...new Set(trials.flatMap((params) => Object.keys(params)))].filter((path) =>
    trials.some((params) => digestOf(params[path]) !== digestOf(trials[0]![path])),
  );
  const labels = shortLabels(paths);
  return trials.map((params) =>
    paths
      .filter((path) => path in params)
      .map((path) => `${fileNamePart(labels.get(path)!)}-${valueText(params[path])}`)
      .join('.')
      .slice(0, MOST_NAME),
  );
}

/** The shortest end of each path that no other path has. */
export function shortLabels(paths: readonly string[]): Map<string, string> {
  return new Map(
    paths.map((path) => {
      const keys = path.split('.');
      const ends = keys.map((_, index) => keys.slice(keys.length - 1 - index).join('.'));
      const isAlone = (end: string) =>
        !paths.some((other) => other !== path && `.${other}`.endsWith(`.${end}`));
      return [path, ends.find(isAlone) ?? path];
    }),
  );
}

/** A value in a word: a plugin by its type, other things of several parts by their digest. */
export function valueText(value: unknown): string {
  if (value === null || typeof value !== 'object') return fileNamePart(String(value));
  const { type, ...options } = value as { type?: unknown };
  if (typeof type !== 'string') return digest(value).slice(0, 6);
  const more = Object.keys(options).length === 0 ? '' : `-${digest(options).slice(0, 4)}`;
  return fileNamePart(type) + more;
}

function digestOf(value: unknown): string {
  return digest(value ?? null);
}

function fileNamePart(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9._-]+/g, '_');
}
