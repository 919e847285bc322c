import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Static, TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { writeFileAtomically } from '../atomic-file.ts';
import { RunError } from '../errors.ts';

/** A JSON file that says what became of some trials: on disk before anything is built on what it says. */
export class StateFile<S extends TSchema> {
  readonly content: Static<S>;
  readonly #path: string;
  #written: Promise<void> = Promise.resolve();

  constructor(path: string, content: Static<S>) {
    this.#path = path;
    this.content = content;
  }

  /**
   * Undefined when there is no such file.
   * @param code of the error for a file that cannot be read or says something else.
   * @throws {RunError} of this code.
   */
  static async read<S extends TSchema>(
    path: string,
    schema: S,
    code: string,
  ): Promise<StateFile<S> | undefined> {
    try {
      return new StateFile<S>(path, Value.Parse(schema, JSON.parse(await readFile(path, 'utf8'))));
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw new RunError(code, `cannot read ${path}: ${(cause as Error).message}`, {
        suggestion: 'Name another folder with --output, or put the file back from a copy.',
        cause,
      });
    }
  }

  /** Resolves when what the content says now is on the disk. @throws {RunError} FSX_WRITE_FAILED. */
  async save(): Promise<void> {
    const text = `${JSON.stringify(this.content, null, 2)}\n`;
    const write = async () => {
      await mkdir(dirname(this.#path), { recursive: true });
      await writeFileAtomically(this.#path, [text]);
    };
    this.#written = this.#written.then(write);
    await this.#written;
  }
}
