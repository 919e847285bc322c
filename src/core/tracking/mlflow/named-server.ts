import { TrackingError } from '../../errors.ts';
import { defaultStore, findLocalServer } from './local/server.ts';
import { type Environment, parseServerAddress, type ServerAddress } from './server-address.ts';

export interface NamedServer {
  /** As a person names it; else `MLFLOW_TRACKING_URI`, else the server of `fsx mlflow start`. */
  readonly uri?: string;
  readonly environment: Environment;
}

/** The server that a command speaks to. @throws TrackingError `FSX_MLFLOW_URI_MISSING`, `FSX_MLFLOW_URI`. */
export function namedServer({ uri, environment }: NamedServer): ServerAddress {
  const named = uri || environment.MLFLOW_TRACKING_URI || findLocalServer(defaultStore(environment))?.uri;
  if (named) return parseServerAddress(named, environment);
  throw new TrackingError('FSX_MLFLOW_URI_MISSING', 'no MLflow server is named', {
    suggestion:
      'name one: --uri http://127.0.0.1:5000, or MLFLOW_TRACKING_URI; `fsx mlflow start` starts one',
  });
}
