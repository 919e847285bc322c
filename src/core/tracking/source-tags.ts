import { execFile } from 'node:child_process';
import { userInfo } from 'node:os';
import { promisify } from 'node:util';

/**
 * Who made a run and from which commit, under the names that MLflow's user interface knows. Journaled with the run's
 * start, because by the time of a later delivery the working copy is another.
 * @param directory whose repository is described; without one, or without git, its tags are absent.
 */
export async function collectSourceTags(directory: string): Promise<Record<string, string>> {
  const git = async (...args: string[]) => {
    try {
      return (await promisify(execFile)('git', args, { cwd: directory })).stdout.trim();
    } catch {
      return '';
    }
  };
  const [commit, branch, repository, changes] = await Promise.all([
    git('rev-parse', 'HEAD'),
    git('rev-parse', '--abbrev-ref', 'HEAD'),
    git('config', '--get', 'remote.origin.url'),
    git('status', '--porcelain', '--untracked-files=no'),
  ]);
  const tags = {
    'mlflow.user': userName(),
    'mlflow.source.git.commit': commit,
    'mlflow.source.git.branch': branch,
    'mlflow.source.git.repoURL': withoutCredentials(repository),
    'mlflow.source.git.dirty': commit && String(changes !== ''),
  };
  return Object.fromEntries(Object.entries(tags).filter(([, value]) => value !== ''));
}

/** An address may carry a token, `https://user:token@host/…`, which must not be stored. */
function withoutCredentials(address: string): string {
  return address.replace(/^(\w+:\/\/)[^/@]*@/, '$1');
}

/** A container may run as a user that has no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return process.env.USER ?? '';
  }
}
