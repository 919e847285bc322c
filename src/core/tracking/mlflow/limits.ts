import { createHash } from 'node:crypto';

/** What every MLflow server of version 2 or 3 takes. */
const MAX_KEY_LENGTH = 250;
const MAX_PARAM_LENGTH = 6_000;
const MAX_TAG_LENGTH = 5_000;
const KEY_DIGEST_LENGTH = 8;

/**
 * The name under which MLflow takes a metric, a param or a tag: letters, digits and `_ - . : /` and spaces, a clean
 * relative path, at most 250 characters. A name that is too long keeps its beginning and ends in a digest.
 */
export function mlflowKey(name: string): string {
  const allowed = name.replace(/[^/\p{L}\p{N}_.\- :]/gu, '_');
  const segments = allowed.split('/').filter((segment) => !['', '.', '..'].includes(segment));
  const key = segments.join('/') || '_';
  if (key.length <= MAX_KEY_LENGTH) return key;
  const digest = createHash('sha256').update(name).digest('hex').slice(0, KEY_DIGEST_LENGTH);
  return `${key.slice(0, MAX_KEY_LENGTH - KEY_DIGEST_LENGTH - 1)}-${digest}`;
}

/** The name under which MLflow 3 takes a logged model: those of trials have dots, which it refuses. */
export function mlflowModelName(name: string): string {
  return name.replace(/[/:.%"']/g, '_');
}

export function mlflowParamValue(value: string): string {
  return shortened(value, MAX_PARAM_LENGTH);
}

export function mlflowTagValue(value: string): string {
  return shortened(value, MAX_TAG_LENGTH);
}

/** Through a buffer, so that half a surrogate pair, which databases refuse, becomes the replacement character. */
function shortened(text: string, maxLength: number): string {
  const kept = text.length <= maxLength ? text : `${text.slice(0, maxLength - 1)}…`;
  return Buffer.from(kept).toString();
}
