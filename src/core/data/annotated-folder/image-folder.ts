import { readdir, realpath } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { FsxError } from '../../errors.ts';
import { nearestNames } from '../../plugins/nearest.ts';
import type { ImageFacts, ImageFormat } from './image-format.ts';
import type { Place, Problems } from './problems.ts';

const FILES_AT_ONCE = 16;

/** A dataset's folder of images: which there are, and where a name leads. */
export class ImageFolder {
  readonly path: string;
  readonly #realPath: string;
  readonly #names: ReadonlySet<string>;
  readonly #format: ImageFormat;

  private constructor(path: string, realPath: string, names: readonly string[], format: ImageFormat) {
    this.path = path;
    this.#realPath = realPath;
    this.#names = new Set(names);
    this.#format = format;
  }

  /** `undefined`, with the problem noted, when there is no such folder. */
  static async open(path: string, format: ImageFormat, problems: Problems): Promise<ImageFolder | undefined> {
    try {
      const files = await readdir(path, { recursive: true });
      const accepted = await mapInTurns(files, (file) => format.accepts(join(path, file)));
      const names = files.filter((_, index) => accepted[index]).map((file) => file.split(sep).join('/'));
      return new ImageFolder(path, await realpath(path), names, format);
    } catch (error) {
      problems.add({ file: path }, `the folder of images cannot be read (${(error as Error).message})`);
      return undefined;
    }
  }

  get names(): ReadonlySet<string> {
    return this.#names;
  }

  /** The facts of the images that are usable; the others are noted. `places` says where each image was named. */
  async describe(
    places: ReadonlyMap<string, Place>,
    problems: Problems,
  ): Promise<ReadonlyMap<string, ImageFacts>> {
    const entries = [...places];
    const answers = await mapInTurns(entries, ([name]) => this.#factsOf(name));
    const facts = new Map<string, ImageFacts>();
    entries.forEach(([name, place], index) => {
      const answer = answers[index]!;
      if (typeof answer === 'string') problems.add(place, answer);
      else facts.set(name, answer);
    });
    return facts;
  }

  async #factsOf(name: string): Promise<ImageFacts | string> {
    const path = join(this.path, name);
    if (leaves(this.path, resolve(this.path, name))) return `${name} lies outside the folder of images`;
    try {
      if (leaves(this.#realPath, await realpath(path))) return `${name} leads out of the folder of images`;
      return await this.#format.describe(path);
    } catch (error) {
      if (error instanceof FsxError) return error.message;
      const near = nearestNames(name, [...this.#names], 1);
      return `there is no image ${name}${near.length > 0 ? `; did you mean ${near[0]}?` : ''}`;
    }
  }
}

/** Like `Promise.all` over `items.map(change)`, with a bounded number of files open at the same time. */
async function mapInTurns<T, R>(items: readonly T[], change: (item: T) => R | Promise<R>): Promise<R[]> {
  const results: R[] = new Array(items.length);
  let next = 0;
  const changeInTurn = async () => {
    while (next < items.length) {
      const index = next++;
      results[index] = await change(items[index]!);
    }
  };
  await Promise.all(Array.from({ length: FILES_AT_ONCE }, changeInTurn));
  return results;
}

function leaves(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === '..' || way.startsWith(`..${sep}`) || resolve(way) === way;
}
