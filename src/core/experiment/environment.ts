import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { arch, cpus, hostname, platform, totalmem } from 'node:os';
import { promisify } from 'node:util';
import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import type { Engine } from '../engine/engine.ts';
import { RunError } from '../errors.ts';

const Environment = Type.Object({
  startedAt: Type.String(),
  /** The recipe as it was named, and the folder that its relative paths start from. */
  recipeFile: Type.String(),
  baseDirectory: Type.String(),
  recipeHash: Type.String(),
  overrides: Type.Array(Type.String()),
  commit: Type.String(),
  engine: Type.Object({ name: Type.String(), description: Type.String(), reason: Type.String() }),
  node: Type.String(),
  machine: Type.Object({
    host: Type.String(),
    system: Type.String(),
    processor: Type.String(),
    memoryGb: Type.Number(),
  }),
});

/** `environment.json`: where, on what and from which recipe a run was made. */
export type Environment = Static<typeof Environment>;

export function describeMachine(): Environment['machine'] {
  const processors = cpus();
  return {
    host: hostname(),
    system: `${platform()} ${arch()}`,
    processor: `${processors.length} x ${processors[0]?.model ?? 'unknown'}`,
    memoryGb: Math.round(totalmem() / 1e9),
  };
}

export function describeEngine({ name, description, reason }: Engine): Environment['engine'] {
  return { name, description, reason };
}

/** The commit of the folder, with `+` behind it when files differ from it; `none` outside a repository. */
export async function describeCommit(directory: string): Promise<string> {
  const git = async (...args: string[]) =>
    (await promisify(execFile)('git', args, { cwd: directory })).stdout.trim();
  try {
    const commit = await git('rev-parse', '--short=10', 'HEAD');
    return (await git('status', '--porcelain', '--untracked-files=no')) === '' ? commit : `${commit}+`;
  } catch {
    return 'none';
  }
}

/** @throws {RunError} FSX_RUN_ENVIRONMENT for a file that is missing or was changed beyond use. */
export async function readEnvironment(path: string): Promise<Environment> {
  try {
    return Value.Parse(Environment, JSON.parse(await readFile(path, 'utf8')));
  } catch (cause) {
    throw new RunError('FSX_RUN_ENVIRONMENT', `cannot read ${path}: ${(cause as Error).message}`, {
      suggestion: 'The run folder is damaged; predictions still work from its checkpoint files.',
      cause,
    });
  }
}
