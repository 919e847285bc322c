import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import {
  DEFAULT_RETRY,
  MlflowConnection,
  type RetryOptions,
} from '../../../../src/core/tracking/mlflow/connection.ts';
import { MlflowError } from '../../../../src/core/tracking/mlflow/errors.ts';
import { parseServerAddress } from '../../../../src/core/tracking/mlflow/server-address.ts';
import { scriptedServer } from '../../../support/scripted-server.ts';

const QUICK: RetryOptions = { ...DEFAULT_RETRY, initialDelayMs: 1, maxDelayMs: 5 };
const REQUEST = { method: 'GET', path: 'api/2.0/mlflow/runs/get', name: 'runs/get' } as const;
const NEVER = new AbortController().signal;

function connect(uri: string, retry = QUICK, signal = NEVER): MlflowConnection {
  return new MlflowConnection(parseServerAddress(uri, {}), { signal, retry });
}

async function failureOf(answer: Promise<unknown>): Promise<MlflowError> {
  const error = await answer.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(MlflowError);
  return error as MlflowError;
}

test('a server that restarts is asked again until it answers', async () => {
  const server = await scriptedServer([
    { status: 503 },
    { hangUp: true },
    { status: 500 },
    { body: '{"ok":1}' },
  ]);
  expect(await connect(server.uri).json(REQUEST)).toEqual({ ok: 1 });
  expect(server.requests).toHaveLength(4);
});

test('Retry-After is waited for', async () => {
  const server = await scriptedServer([{ status: 429, headers: { 'Retry-After': '1' } }, {}]);
  const startMs = performance.now();
  await connect(server.uri).json(REQUEST);
  expect(performance.now() - startMs).toBeGreaterThan(950);
});

test('a refusal is not tried again and names the request, the code and the reason', async () => {
  const body = JSON.stringify({
    error_code: 'INVALID_PARAMETER_VALUE',
    message: 'bad key\nand a long trace',
  });
  const server = await scriptedServer([{ status: 400, body }]);
  const error = await failureOf(connect(server.uri).json(REQUEST));
  expect(error.message).toBe('MLflow, GET runs/get: HTTP 400, INVALID_PARAMETER_VALUE, bad key');
  expect(error).toMatchObject({ errorCode: 'INVALID_PARAMETER_VALUE', refused: true, transient: false });
  expect(server.requests).toHaveLength(1);
});

test.each(['<html>Sign in</html>', '', '[]', '"ok"'])('a success that says %j is an error', async (body) => {
  const server = await scriptedServer([{ body }]);
  const error = await failureOf(connect(server.uri).json(REQUEST));
  expect(error.message).toContain('the answer is not JSON');
  expect(error.suggestion).toContain('not of a page before it');
});

test('a redirect is not followed, so that a password never reaches another host', async () => {
  const other = await scriptedServer([{}]);
  const server = await scriptedServer([{ status: 302, headers: { Location: `${other.uri}/login` } }]);
  const error = await failureOf(connect(server.uri).json(REQUEST));
  expect(error.message).toContain(`to ${other.uri}/login`);
  expect(other.requests).toHaveLength(0);
});

test('a server that keeps failing is left alone', async () => {
  const server = await scriptedServer([{ status: 500, body: 'oops' }]);
  const connection = connect(server.uri);
  for (let call = 0; call < 10; call++) await failureOf(connection.json(REQUEST));
  expect(server.requests).toHaveLength(QUICK.breakAfter);
  expect((await failureOf(connection.json(REQUEST))).message).toContain('left alone for a while');
});

test('a server that never answers is given up when the time is over, even between two tries', async () => {
  const silent = await scriptedServer([{ silent: true }]);
  const busy = await scriptedServer([{ status: 429, headers: { 'Retry-After': '30' } }]);
  for (const { uri } of [silent, busy]) {
    const startMs = performance.now();
    const error = await failureOf(connect(uri, QUICK, AbortSignal.timeout(200)).json(REQUEST));
    expect(error.message).toContain('no success in time');
    expect(performance.now() - startMs).toBeLessThan(2_000);
  }
});

test('nothing of a failure shows the password', async () => {
  const environment = { MLFLOW_TRACKING_USERNAME: 'ann', MLFLOW_TRACKING_PASSWORD: 's3cret' };
  const encoded = Buffer.from('ann:s3cret').toString('base64');
  const server = await scriptedServer([{ status: 401 }, { hangUp: true }]);
  const connection = new MlflowConnection(parseServerAddress(server.uri, environment), {
    signal: NEVER,
    retry: QUICK,
  });
  for (const error of [
    await failureOf(connection.json(REQUEST)),
    await failureOf(connection.json(REQUEST)),
  ]) {
    expect(inspect(error, { depth: 10 })).not.toMatch(new RegExp(`s3cret|${encoded}`));
  }
  expect(server.requests[0]!.headers.authorization).toBe(`Basic ${encoded}`);
});
