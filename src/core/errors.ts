/**
 * Every failure that fsx foresees is an FsxError: a stable code, a message that says what and where, a suggestion
 * that says how to fix it, and the process's exit code. They are thrown where the fact is known and rendered once,
 * by the command line.
 */

/** Exit code by area: a script that calls fsx can tell a bad recipe from a missing file. */
export const EXIT_CODES = {
  internal: 1,
  usage: 2,
  recipe: 3,
  data: 4,
  engine: 5,
  plugin: 6,
  run: 7,
  tracking: 8,
  interrupted: 130,
} as const;

export interface FsxErrorOptions {
  /** How to fix it, in one or two sentences. */
  readonly suggestion?: string;
  readonly cause?: unknown;
}

export abstract class FsxError extends Error {
  abstract readonly exitCode: number;
  readonly code: string;
  readonly suggestion: string | undefined;

  /** @param code stable identifier such as `FSX_RECIPE_INVALID`. */
  constructor(code: string, message: string, options: FsxErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.suggestion = options.suggestion;
  }
}

/** A command line that asks for something that cannot be. */
export class UsageError extends FsxError {
  readonly exitCode = EXIT_CODES.usage;
}

/** The recipe is not valid, or its fields contradict each other. */
export class RecipeError extends FsxError {
  readonly exitCode = EXIT_CODES.recipe;
}

/** Images, landmark tables or splits that cannot be used. */
export class DataError extends FsxError {
  readonly exitCode = EXIT_CODES.data;
}

/** No tensor engine, or one that fails. */
export class EngineError extends FsxError {
  readonly exitCode = EXIT_CODES.engine;
}

/** A plugin that cannot be loaded, is not known or breaks its contract. */
export class PluginError extends FsxError {
  readonly exitCode = EXIT_CODES.plugin;
}

/** A run folder or checkpoint that cannot be read, written or resumed. */
export class RunError extends FsxError {
  readonly exitCode = EXIT_CODES.run;
}

/** The tracking server did not take what was sent. */
export class TrackingError extends FsxError {
  readonly exitCode = EXIT_CODES.tracking;
}
