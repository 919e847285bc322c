import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/**
 * Where fsx keeps what can be made again (TensorFlow's libraries, downloaded weights): `$FSX_CACHE`, else
 * `$XDG_CACHE_HOME/fsx`, else `~/.cache/fsx`. The folder need not exist.
 */
export function cacheDirectory(env: NodeJS.ProcessEnv = process.env): string {
  if (env.FSX_CACHE) return resolve(env.FSX_CACHE);
  return join(env.XDG_CACHE_HOME ? resolve(env.XDG_CACHE_HOME) : join(homedir(), '.cache'), 'fsx');
}
