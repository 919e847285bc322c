import { readdir, realpath } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { IMAGE_FILE, type ImageSize, readImageSize } from '../../../core/data/decode.ts';
import { FsxError } from '../../../core/errors.ts';
import { nearestNames } from '../../../core/plugins/nearest.ts';
import type { Place, Problems } from './problems.ts';

const HEADERS_AT_ONCE = 16;

/** A dataset's folder of images: which there are, and where a name leads. */
export class ImageFolder {
  readonly path: string;
  readonly #realPath: string;
  readonly #names: ReadonlySet<string>;

  private constructor(path: string, realPath: string, names: readonly string[]) {
    this.path = path;
    this.#realPath = realPath;
    this.#names = new Set(names);
  }

  /** `undefined`, with the problem noted, when there is no such folder. */
  static async open(path: string, problems: Problems): Promise<ImageFolder | undefined> {
    try {
      const files = await readdir(path, { recursive: true });
      const names = files.filter((file) => IMAGE_FILE.test(file)).map((file) => file.split(sep).join('/'));
      return new ImageFolder(path, await realpath(path), names);
    } catch (error) {
      problems.add({ file: path }, `the folder of images cannot be read (${(error as Error).message})`);
      return undefined;
    }
  }

  get names(): ReadonlySet<string> {
    return this.#names;
  }

  /** The sizes of the images that are usable; the others are noted. `places` says where each image was named. */
  async sizes(
    places: ReadonlyMap<string, Place>,
    maxMegapixels: number,
    problems: Problems,
  ): Promise<ReadonlyMap<string, ImageSize>> {
    const entries = [...places];
    const answers: (ImageSize | string)[] = new Array(entries.length);
    let next = 0;
    const readInTurn = async () => {
      while (next < entries.length) {
        const index = next++;
        answers[index] = await this.#sizeOf(entries[index]![0], maxMegapixels);
      }
    };
    await Promise.all(Array.from({ length: HEADERS_AT_ONCE }, readInTurn));
    const sizes = new Map<string, ImageSize>();
    entries.forEach(([name, place], index) => {
      const answer = answers[index]!;
      if (typeof answer === 'string') problems.add(place, answer);
      else sizes.set(name, answer);
    });
    return sizes;
  }

  async #sizeOf(name: string, maxMegapixels: number): Promise<ImageSize | string> {
    const path = join(this.path, name);
    if (leaves(this.path, resolve(this.path, name))) return `${name} lies outside the folder of images`;
    try {
      if (leaves(this.#realPath, await realpath(path))) return `${name} leads out of the folder of images`;
      return await readImageSize(path, { maxMegapixels });
    } catch (error) {
      if (error instanceof FsxError) return error.message;
      const near = nearestNames(name, [...this.#names], 1);
      return `there is no image ${name}${near.length > 0 ? `; did you mean ${near[0]}?` : ''}`;
    }
  }
}

function leaves(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === '..' || way.startsWith(`..${sep}`) || resolve(way) === way;
}
