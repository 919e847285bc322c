import type { GreyImage, PixelSpacing } from '../dataset.ts';
import type { ImageSize } from '../image-size.ts';

/** What an image file says without its pixels. */
export interface ImageFacts extends ImageSize {
  readonly spacing?: PixelSpacing;
  readonly patientId?: string;
}

/** How the images of a folder are stored. */
export interface ImageFormat {
  /** For messages: `PNG, JPEG or TIFF image`. */
  readonly name: string;
  /** Whether a file of the folder is one of its images; those that are not are passed over. */
  accepts(path: string): boolean | Promise<boolean>;
  /** @throws {DataError} for a file that cannot be used. */
  describe(path: string): Promise<ImageFacts>;
  /** @throws {DataError} as `describe`, and when the pixels are damaged. */
  read(path: string): Promise<GreyImage>;
  /** See `Dataset.fingerprint`. */
  fingerprint(path: string): Promise<string>;
}
