/**
 * Secrets come from the environment: `${secret:NAME}` in a plugin's options, and the passwords and tokens of servers.
 * A recipe keeps the reference, and so does everything that is made from it; only a plugin gets the value. What a person
 * or a server is shown goes through `redact`, because the message of somebody else's error may hold a value.
 */

const REFERENCE = /\$\{secret:([^}]*)\}/g;
const USER_INFO = /(\b[a-z][\w+.-]*:\/\/)[^\s/@"']+@/gi;
/** Shorter ones would blot out words that mean something else. */
const MIN_LENGTH = 4;
const MASK = '***';

/** Every form in which a value of this process may be written. */
const known = new Set<string>();

/** Names of the variables that a text refers to as secrets. */
export function secretNames(text: string): string[] {
  return [...text.matchAll(REFERENCE)].map(([, name]) => name ?? '');
}

/** Whether an address in a text holds a user or a password that is not itself a reference to a secret. */
export function holdsCredentials(text: string): boolean {
  const matches = text.replaceAll(REFERENCE, '').matchAll(USER_INFO);
  return [...matches].some(([whole, scheme]) => whole.slice(scheme!.length, -1).replace(':', '') !== '');
}

/** A copy in which every reference is replaced by its value. @param missing called for a variable that is not set. */
export function revealSecrets<T>(
  value: T,
  environment: Readonly<Record<string, string | undefined>>,
  missing: (name: string) => Error,
): T {
  if (typeof value === 'string') {
    const text = value.replaceAll(REFERENCE, (_, name: string) => {
      const secret = environment[name];
      if (!secret) throw missing(name);
      rememberSecret(secret);
      return secret;
    });
    return text as T;
  }
  if (Array.isArray(value)) return value.map((item) => revealSecrets(item, environment, missing)) as T;
  if (!isPlainObject(value)) return value;
  const entries = Object.entries(value).map(([key, item]) => [
    key,
    revealSecrets(item, environment, missing),
  ]);
  return Object.fromEntries(entries) as T;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** From now on `redact` hides it. */
export function rememberSecret(secret: string | undefined): void {
  if (secret === undefined || secret.length < MIN_LENGTH) return;
  for (const form of [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)])
    known.add(form);
}

/** A text without any secret that this process knows, and without users and passwords in addresses. */
export function redact(text: string): string {
  const byLength = [...known].sort((a, b) => b.length - a.length);
  const hidden = byLength.reduce((rest, secret) => rest.replaceAll(secret, MASK), text);
  return hidden.replace(USER_INFO, `$1${MASK}@`);
}
