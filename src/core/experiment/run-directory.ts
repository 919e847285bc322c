import { mkdir, readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { RunError } from '../errors.ts';

/** Where everything of a run lies. */
export interface RunDirectory {
  readonly path: string;
  readonly recipe: string;
  readonly environment: string;
  readonly split: string;
  readonly metrics: string;
  readonly predictions: string;
  readonly report: string;
  readonly overlays: string;
  readonly metricsTable: string;
  readonly predictionsTable: string;
  checkpoint(name: string): string;
}

export function runDirectory(path: string): RunDirectory {
  const file = (name: string) => join(path, name);
  return {
    path,
    recipe: file('recipe.resolved.yaml'),
    environment: file('environment.json'),
    split: file('split.json'),
    metrics: file('metrics.json'),
    predictions: file('predictions.csv'),
    report: file('report.html'),
    overlays: file('overlays'),
    metricsTable: file('tables/metrics.json'),
    predictionsTable: file('tables/predictions.json'),
    checkpoint: (name) => join(path, 'checkpoints', `${name}.safetensors`),
  };
}

/**
 * Makes the folder of a new run, `<root>/<time>-<name>`, with a number behind it where that is taken.
 * @throws {RunError} FSX_RUN_DIRECTORY.
 */
export async function createRunDirectory(root: string, name: string, start: Date): Promise<RunDirectory> {
  const stamp = start.toISOString().slice(0, 19).replaceAll(':', '-');
  const base = resolve(root, `${stamp}-${name}`);
  try {
    await mkdir(resolve(root), { recursive: true });
    const path = await makeFirstFree(base);
    await mkdir(join(path, 'checkpoints'));
    return runDirectory(path);
  } catch (cause) {
    throw new RunError(
      'FSX_RUN_DIRECTORY',
      `cannot make the run folder ${base}: ${(cause as Error).message}`,
      {
        suggestion: 'Name a folder that can be written: `output:` in the recipe, or `--set output=…`.',
        cause,
      },
    );
  }
}

async function makeFirstFree(base: string): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const path = attempt === 1 ? base : `${base}-${attempt}`;
    try {
      await mkdir(path);
      return path;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

/** The folder of a run that exists. @throws {RunError} FSX_RUN_UNKNOWN. */
export async function openRunDirectory(path: string): Promise<RunDirectory> {
  const directory = runDirectory(resolve(path));
  const found = await stat(directory.recipe).catch(() => undefined);
  if (found?.isFile()) return directory;
  const names = await readdir(resolve(path)).catch(() => undefined);
  const what = names === undefined ? 'there is no such folder' : 'it has no recipe.resolved.yaml';
  throw new RunError('FSX_RUN_UNKNOWN', `${path} is not a run: ${what}`, {
    suggestion: 'Name a folder that `fsx run` made, such as runs/2026-01-31T12-00-00-chest-5shot.',
  });
}
