import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDirectory } from '../../../cache-directory.ts';
import { runTool } from '../../../engine/provisioning/tool.ts';
import { TrackingError } from '../../../errors.ts';
import { withProcessLock } from '../../../process-lock.ts';

/** The one that fsx installs and is tested with. */
export const MLFLOW_VERSION = '3.17.2';

/** What an older MLflow needs beside it, since it takes any later version and works with some. */
const COMPANIONS: Readonly<Record<string, readonly string[]>> = { '2': ['sqlalchemy<2.1'] };

/** The folder that an MLflow is installed in: there only when it is whole. */
function mlflowFolder(version = MLFLOW_VERSION): string {
  return join(cacheDirectory(), `mlflow-${version}`);
}

/** The Python that has an installed MLflow. */
export function mlflowPython(version = MLFLOW_VERSION): string {
  const folder = mlflowFolder(version);
  return process.platform === 'win32' ? join(folder, 'Scripts', 'python.exe') : join(folder, 'bin', 'python');
}

/**
 * Installs an MLflow into fsx's cache, where it is not there yet: a virtual environment of Python that pip fills.
 * Programs that do so at once wait for the first.
 * @param onInstall called before it downloads, which takes minutes.
 * @returns the Python that has it.
 * @throws TrackingError `FSX_MLFLOW_INSTALL_FAILED`.
 */
export async function installMlflow(onInstall: () => void, version = MLFLOW_VERSION): Promise<string> {
  const python = mlflowPython(version);
  if (existsSync(python)) return python;
  await withProcessLock(`${mlflowFolder(version)}.lock`, onInstall, async () => {
    if (existsSync(python)) return;
    onInstall();
    await install(mlflowFolder(version), version);
  });
  return python;
}

async function install(folder: string, version: string): Promise<void> {
  const draft = `${folder}.draft`;
  await rm(draft, { recursive: true, force: true });
  const companions = COMPANIONS[version.split('.', 1)[0]!] ?? [];
  const packages = ['--only-binary', ':all:', `mlflow==${version}`, ...companions];
  await runPython('python3', ['-m', 'venv', draft]);
  const draftPython = join(draft, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  await runPython(draftPython, ['-m', 'pip', 'install', '--quiet', '--no-input', ...packages]);
  await rename(draft, folder);
}

async function runPython(python: string, args: readonly string[]): Promise<void> {
  const { ok, output } = await runTool(python, args);
  if (ok) return;
  const lines = output.trim().split('\n');
  const reason = lines.find((line) => line.startsWith('ERROR:')) ?? lines.at(-1);
  throw new TrackingError('FSX_MLFLOW_INSTALL_FAILED', `MLflow cannot be installed: ${reason}`, {
    suggestion:
      'it needs Python 3.10 or newer with venv and pip (Debian, Ubuntu: `apt install python3-venv`) and the package index; or name a server that runs: MLFLOW_TRACKING_URI',
  });
}
