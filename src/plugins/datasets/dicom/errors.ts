import { DataError, FsxError } from '../../../core/errors.ts';

/** A sound file of a kind that is not read. */
export function unsupported(path: string, what: string, suggestion: string): DataError {
  return new DataError('FSX_IMAGE_FORMAT', `${path} ${what}`, { suggestion });
}

/** A damaged file; what fsx found itself passes as it is. */
export function unreadable(path: string, cause: unknown): FsxError {
  if (cause instanceof FsxError) return cause;
  return new DataError(
    'FSX_IMAGE_UNREADABLE',
    `${path} cannot be read as a DICOM image (${reasonOf(cause)})`,
    {
      cause,
      suggestion: 'The file may be damaged or cut off: copy it again from where it came.',
    },
  );
}

/** dicom-parser throws strings, alone or in an object. */
function reasonOf(cause: unknown): string {
  if (cause instanceof Error) return cause.message.trim();
  if (typeof cause === 'object' && cause !== null && 'exception' in cause) return reasonOf(cause.exception);
  return String(cause);
}
