import { TrackingError } from '../../../errors.ts';
import { installPythonEnvironment, pythonOf } from '../../../python-environment.ts';

/** The one that fsx installs and is tested with. */
export const MLFLOW_VERSION = '3.17.2';

/** What an older MLflow needs beside it, since it takes any later version and works with some. */
const COMPANIONS: Readonly<Record<string, readonly string[]>> = { '2': ['sqlalchemy<2.1'] };

/** The Python that has an installed MLflow. */
export function mlflowPython(version = MLFLOW_VERSION): string {
  return pythonOf(environmentName(version));
}

/**
 * Installs an MLflow into fsx's cache, where it is not there yet.
 * @param onInstall called before it downloads, which takes minutes.
 * @returns the Python that has it.
 * @throws TrackingError `FSX_MLFLOW_INSTALL_FAILED`.
 */
export function installMlflow(onInstall: () => void, version = MLFLOW_VERSION): Promise<string> {
  const companions = COMPANIONS[version.split('.', 1)[0]!] ?? [];
  return installPythonEnvironment({
    name: environmentName(version),
    packages: [`mlflow==${version}`, ...companions],
    onInstall,
    failure: installFailed,
  });
}

function environmentName(version: string): string {
  return `mlflow-${version}`;
}

function installFailed(reason: string): TrackingError {
  return new TrackingError('FSX_MLFLOW_INSTALL_FAILED', `MLflow cannot be installed: ${reason}`, {
    suggestion:
      'it needs Python 3.10 or newer with venv and pip (Debian, Ubuntu: `apt install python3-venv`) and the package index; or name a server that runs: MLFLOW_TRACKING_URI',
  });
}
