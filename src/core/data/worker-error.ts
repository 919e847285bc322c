import {
  DataError,
  EngineError,
  FsxError,
  PluginError,
  RecipeError,
  RunError,
  TrackingError,
} from '../errors.ts';
import { redact } from '../secrets.ts';

/** An error as it crosses from one thread to another, where classes do not survive. */
export interface PostedError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** Present for an FsxError. */
  readonly code?: string;
  readonly suggestion?: string;
}

const CLASSES = { DataError, EngineError, PluginError, RecipeError, RunError, TrackingError } as const;

export function postableError(error: unknown): PostedError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), stack: undefined };
  const { name } = error;
  const [message, stack] = [redact(error.message), error.stack && redact(error.stack)];
  if (!(error instanceof FsxError)) return { name, message, stack };
  const suggestion = error.suggestion === undefined ? {} : { suggestion: error.suggestion };
  return { name, message, stack, code: error.code, ...suggestion };
}

/** The FsxError that was posted, or a RunError that tells of an unforeseen one. */
export function receivedError(posted: PostedError): FsxError {
  const { name, message, stack, code, suggestion } = posted;
  const cause = Object.assign(new Error(message), { name, stack });
  const options = { cause, ...(suggestion === undefined ? {} : { suggestion }) };
  if (code !== undefined && name in CLASSES) {
    return new CLASSES[name as keyof typeof CLASSES](code, message, options);
  }
  return new RunError('FSX_LOADER_FAILED', `images could not be loaded (${name}: ${message})`, options);
}
