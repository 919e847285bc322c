import { join } from 'node:path';

/** Inside the store. */
export const DATABASE = 'mlflow.db';

/** Arguments for Python of a server for this machine alone: SQLite, and artifacts through its proxy. */
export function serverArguments(store: string, port: number): string[] {
  const database = `sqlite:///${join(store, DATABASE).replaceAll('\\', '/')}`;
  return [
    ...['-m', 'mlflow', 'server', '--host', '127.0.0.1', '--port', String(port), '--workers', '1'],
    ...['--backend-store-uri', database],
    ...['--serve-artifacts', '--artifacts-destination', join(store, 'artifacts')],
  ];
}

/** Another server's address must not reach it, it reports to nobody, and it needs no queue of jobs. */
export function serverEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return {
    ...environment,
    MLFLOW_TRACKING_URI: '',
    MLFLOW_DISABLE_TELEMETRY: 'true',
    MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false',
  };
}
