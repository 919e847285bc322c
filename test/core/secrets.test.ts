import { expect, test } from 'vitest';
import { holdsCredentials, redact, rememberSecret, revealSecrets } from '../../src/core/secrets.ts';

const missing = (name: string) => new Error(`${name} is not set`);

test('a plugin gets the values of its secrets, wherever they stand in its options', () => {
  const options = {
    url: `https://\${secret:USER_S}:\${secret:PASS_S}@host`,
    list: [{ token: `\${secret:PASS_S}` }],
    n: 3,
  };
  const environment = { USER_S: 'annabel', PASS_S: 'p4ssw0rd' };
  expect(revealSecrets(options, environment, missing)).toEqual({
    url: 'https://annabel:p4ssw0rd@host',
    list: [{ token: 'p4ssw0rd' }],
    n: 3,
  });
  expect(() => revealSecrets(options, { USER_S: 'annabel' }, missing)).toThrow('PASS_S is not set');
});

test('a secret is hidden as it is, in JSON and in an address', () => {
  rememberSecret('a"b\\c d/e');
  for (const text of [
    'a"b\\c d/e',
    JSON.stringify({ token: 'a"b\\c d/e' }),
    encodeURIComponent('a"b\\c d/e'),
  ])
    expect(redact(`<${text}>`)).toMatch(/^<.*\*\*\*.*>$/);
  expect(redact('a"b\\c d/e')).toBe('***');
});

test('users and passwords of addresses are hidden, and nothing else that has an @', () => {
  expect(redact('at http://ann:pw@host:5000/x and s3://key@bucket')).toBe(
    'at http://***@host:5000/x and s3://***@bucket',
  );
  expect(redact('mail ann@host, see http://host/a@b')).toBe('mail ann@host, see http://host/a@b');
});

test('a short secret does not blot out words', () => {
  rememberSecret('e');
  expect(redact('recipe')).toBe('recipe');
});

test.each([
  ['http://ann:pw@host', true],
  ['http://token@host', true],
  [`http://\${secret:A}:\${secret:B}@host`, false],
  ['http://host/@me', false],
  ['git@host:path', false],
])('whether %s holds credentials', (text, expected) => {
  expect(holdsCredentials(text)).toBe(expected);
});
