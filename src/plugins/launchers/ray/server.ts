import { RunError } from '../../../core/errors.ts';
import type { LauncherContext } from '../../../core/launching/launcher.ts';
import { redact, rememberSecret } from '../../../core/secrets.ts';

/** Where a Ray cluster takes jobs. The address carries no secret and may be printed. */
export interface RayServer {
  /** Without a slash at its end. */
  readonly uri: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface ServerOptions {
  readonly address: string;
  readonly token: string;
  readonly headers: Readonly<Record<string, string>>;
}

const DEFAULT_ADDRESS = 'http://127.0.0.1:8265';

/**
 * The dashboard that the options name, else RAY_API_SERVER_ADDRESS or RAY_ADDRESS, as for Ray's own command line. The
 * token is sent as Ray's token authentication wants it; without one, RAY_AUTH_TOKEN is.
 * @throws {RunError} FSX_RAY_ADDRESS for anything but http and https.
 */
export function rayServer(options: ServerOptions, { environment }: LauncherContext): RayServer {
  const { RAY_API_SERVER_ADDRESS: apiServer, RAY_ADDRESS: cluster, RAY_AUTH_TOKEN } = environment;
  const url = parseAddress(options.address || apiServer || cluster || DEFAULT_ADDRESS);
  const token = options.token || RAY_AUTH_TOKEN;
  for (const secret of [token, url.password]) rememberSecret(secret);
  const authorization = token ? `Bearer ${token}` : basic(url);
  url.username = '';
  url.password = '';
  return {
    uri: url.href.replace(/\/+$/, ''),
    headers: { ...(authorization && { Authorization: authorization }), ...options.headers },
  };
}

function parseAddress(address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol)) return url;
  throw new RunError('FSX_RAY_ADDRESS', `"${redact(address)}" is not the address of a Ray dashboard`, {
    suggestion:
      'Jobs are submitted to the dashboard: `launcher.address: http://HOST:8265` or RAY_ADDRESS. ' +
      'Addresses with ray:// or port 6379 are for Python programs.',
  });
}

function basic({ username, password }: URL): string | undefined {
  if (username === '') return undefined;
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(credentials).toString('base64')}`;
}
