import { TrackingError } from '../../errors.ts';
import { redact, rememberSecret } from '../../secrets.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Where a server is and what to show it; the address carries no secret and may be printed and stored. */
export interface ServerAddress {
  /** Without credentials and without a slash at its end. */
  readonly uri: string;
  readonly authorization: string | undefined;
}

/**
 * Reads a server's address. User and password come from `MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD`,
 * else from the address itself; only where there are none is `MLFLOW_TRACKING_TOKEN` used.
 * @throws TrackingError `FSX_MLFLOW_URI` for anything but http and https.
 */
export function parseServerAddress(uri: string, environment: Environment): ServerAddress {
  const url = URL.canParse(uri) ? new URL(uri) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new TrackingError('FSX_MLFLOW_URI', `"${redact(uri)}" is not the address of an MLflow server`, {
      suggestion: 'give one that starts with http:// or https://; `fsx mlflow start` starts one',
    });
  }
  const user = environment.MLFLOW_TRACKING_USERNAME || decodeURIComponent(url.username);
  const password = environment.MLFLOW_TRACKING_PASSWORD || decodeURIComponent(url.password);
  for (const secret of [password, environment.MLFLOW_TRACKING_TOKEN]) rememberSecret(secret);
  url.username = '';
  url.password = '';
  url.hash = '';
  url.search = '';
  return {
    uri: url.href.replace(/\/+$/, ''),
    authorization: user ? basic(user, password) : bearer(environment.MLFLOW_TRACKING_TOKEN),
  };
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

function bearer(token: string | undefined): string | undefined {
  return token ? `Bearer ${token}` : undefined;
}
