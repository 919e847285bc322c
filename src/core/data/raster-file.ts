import { constants, openSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** A file of rasters of one size, one after the other in slots, that may be filled in any order. */
export class RasterFile {
  /** For reading, from any thread. It outlives this object: whoever takes it closes it. */
  readonly descriptor: number;
  readonly #area: number;
  readonly #file: FileHandle;

  private constructor(file: FileHandle, descriptor: number, area: number) {
    this.#file = file;
    this.descriptor = descriptor;
    this.#area = area;
  }

  /** Opens a file, and makes it where there is none. @param area bytes of a raster. */
  static async open(path: string, area: number): Promise<RasterFile> {
    const file = await open(path, constants.O_RDWR | constants.O_CREAT);
    return new RasterFile(file, openSync(path, 'r'), area);
  }

  async write(slot: number, bytes: Uint8Array): Promise<void> {
    for (let written = 0; written < bytes.length; ) {
      const position = slot * this.#area + written;
      written += (await this.#file.write(bytes, written, bytes.length - written, position)).bytesWritten;
    }
  }

  /** Returns when all that was written is on the disk. */
  async flush(): Promise<void> {
    await this.#file.datasync();
  }

  /** Nothing more is written; `descriptor` remains. */
  async finish(): Promise<void> {
    await this.#file.close();
  }
}
