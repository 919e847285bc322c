import { expect, test } from 'vitest';
import { parseServerAddress } from '../../../../src/core/tracking/mlflow/server-address.ts';

const USER = { MLFLOW_TRACKING_USERNAME: 'ann', MLFLOW_TRACKING_PASSWORD: 'pass' };
const TOKEN = { MLFLOW_TRACKING_TOKEN: 'token' };
const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`;

test.each([
  ['nothing', 'http://host:5000', {}, undefined],
  ['the token', 'http://host:5000', TOKEN, 'Bearer token'],
  ['user and password before the token', 'http://host:5000', { ...USER, ...TOKEN }, basic('ann:pass')],
  ["the address's own before the token", 'http://bob:p%40ss@host:5000', TOKEN, basic('bob:p@ss')],
  ['the environment before the address', 'http://bob:other@host:5000', USER, basic('ann:pass')],
])('a server is shown %s', (_, uri, environment, authorization) => {
  expect(parseServerAddress(uri, environment)).toEqual({ uri: 'http://host:5000', authorization });
});

test('a server below a path keeps it, without a slash at the end', () => {
  expect(parseServerAddress('https://host/mlflow/', {}).uri).toBe('https://host/mlflow');
});

test.each(['mlruns', 'file:///mlruns', 'sqlite:///mlflow.db', 'databricks', ''])(
  '%j is no server, said with what would be one',
  (uri) => {
    expect(() => parseServerAddress(uri, {})).toThrow(expect.objectContaining({ code: 'FSX_MLFLOW_URI' }));
  },
);
