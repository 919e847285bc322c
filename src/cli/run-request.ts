import { createRegistry, REGISTRY_MODULE } from '../composition.ts';
import type { RunRequest } from '../core/experiment/run.ts';
import { loadRecipe } from '../core/recipe/load.ts';
import { watchInterrupts } from './interruption.ts';
import { jsonReporter } from './reporters/json-reporter.ts';
import { textReporter } from './reporters/text-reporter.ts';

export interface RunRequestOptions {
  readonly overrides?: readonly string[];
  readonly baseDirectory?: string;
  readonly reporter: 'text' | 'json';
}

/** Loads a recipe and puts together what a run of it needs from this process. */
export async function makeRunRequest(recipeFile: string, options: RunRequestOptions): Promise<RunRequest> {
  const { overrides = [], baseDirectory, reporter } = options;
  const environment = process.env;
  const loaded = await loadRecipe(recipeFile, {
    createRegistry: () => createRegistry(),
    overrides,
    environment,
    ...(baseDirectory === undefined ? {} : { baseDirectory }),
  });
  const listener = reporter === 'json' ? jsonReporter(process.stdout) : textReporter(process.stdout);
  return {
    loaded,
    recipeFile,
    overrides,
    registryModule: REGISTRY_MODULE.href,
    environment,
    listener,
    interruption: watchInterrupts((message) => listener({ kind: 'notice', message })),
    now: new Date(),
  };
}
