import type { DataSet } from 'dicom-parser';
import type { ImageFacts } from '../../../core/data/annotated-folder/image-format.ts';
import type { PixelSpacing } from '../../../core/data/dataset.ts';
import { checkImageSize } from '../../../core/data/image-size.ts';
import { numbersOf } from './data-set.ts';
import { unreadable, unsupported } from './errors.ts';
import type { DicomSettings } from './options.ts';
import { type TransferSyntax, transferSyntaxOf } from './transfer-syntax.ts';
import { type Voi, voiOf } from './voi.ts';

/** How a pixel lies in its word, and what it means (PS3.3, section C.7.6.3). */
export interface PixelLayout {
  /** 8 or 16. */
  readonly bitsAllocated: number;
  readonly bitsStored: number;
  readonly highBit: number;
  readonly signed: boolean;
}

/** All that decides the grey values of an image besides its pixel data. */
export interface DicomHeader extends ImageFacts, TransferSyntax {
  readonly layout: PixelLayout;
  readonly frames: number;
  readonly rescale: { readonly slope: number; readonly intercept: number };
  /** Undefined where the file gives none. */
  readonly voi: Voi | undefined;
  /** MONOCHROME1: the lowest values are white. */
  readonly inverted: boolean;
}

/**
 * Reads and checks what a file says of its image.
 * @throws {DataError} FSX_IMAGE_FORMAT for an image of a kind that is not read, FSX_IMAGE_TOO_LARGE,
 * FSX_IMAGE_UNREADABLE when values are missing or make no sense.
 */
export function headerOf(path: string, dataSet: DataSet, settings: DicomSettings): DicomHeader {
  try {
    const syntax = transferSyntaxOf(path, dataSet);
    const inverted = checkGrey(path, dataSet) === 'MONOCHROME1';
    const size = { width: dataSet.uint16('x00280011') ?? 0, height: dataSet.uint16('x00280010') ?? 0 };
    checkImageSize(path, size, settings.maxMegapixels);
    const layout = layoutOf(path, dataSet);
    const spacing = spacingOf(dataSet);
    const patientId = dataSet.string('x00100020') ?? '';
    return {
      ...syntax,
      ...size,
      layout,
      frames: framesOf(path, dataSet, settings),
      rescale: rescaleOf(path, dataSet),
      voi: voiOf(dataSet, layout.signed),
      inverted,
      ...(spacing !== undefined && { spacing }),
      ...(patientId !== '' && { patientId }),
    };
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function checkGrey(path: string, dataSet: DataSet): string {
  const samples = dataSet.uint16('x00280002') ?? 1;
  const interpretation = dataSet.string('x00280004') ?? '';
  if (samples === 1 && /^MONOCHROME[12]$/.test(interpretation)) return interpretation;
  const what = `is not a grey image (${samples} samples a pixel, ${interpretation || 'no Photometric Interpretation'})`;
  throw unsupported(path, what, 'Convert it to grey, or move it out of the folder of images.');
}

function layoutOf(path: string, dataSet: DataSet): PixelLayout {
  const bitsAllocated = dataSet.uint16('x00280100') ?? 0;
  const bitsStored = dataSet.uint16('x00280101') ?? bitsAllocated;
  const highBit = dataSet.uint16('x00280102') ?? bitsStored - 1;
  if (bitsAllocated !== 8 && bitsAllocated !== 16) {
    throw unsupported(path, `has ${bitsAllocated} bits a pixel`, 'Convert it to 8 or 16 bits.');
  }
  if (bitsStored < 1 || highBit < bitsStored - 1 || highBit >= bitsAllocated) {
    throw new Error(`${bitsStored} bits stored below bit ${highBit} of ${bitsAllocated}`);
  }
  return { bitsAllocated, bitsStored, highBit, signed: dataSet.uint16('x00280103') === 1 };
}

function framesOf(path: string, dataSet: DataSet, settings: DicomSettings): number {
  const [frames = 1] = numbersOf(dataSet, 'x00280008', 'Number of Frames');
  if (!Number.isInteger(frames) || frames < 1) throw new Error(`Number of Frames is ${frames}`);
  if (frames === 1 || settings.frames === 'first') return frames;
  throw unsupported(path, `has ${frames} frames`, 'Set `frames: first` to take the first of each file.');
}

function rescaleOf(path: string, dataSet: DataSet): DicomHeader['rescale'] {
  const [slope = 1] = numbersOf(dataSet, 'x00281053', 'Rescale Slope');
  const [intercept = 0] = numbersOf(dataSet, 'x00281052', 'Rescale Intercept');
  if (dataSet.elements.x00283000 !== undefined) {
    throw unsupported(path, 'has a Modality LUT Sequence', 'Apply it to the pixels and remove it.');
  }
  if (slope === 0) throw new Error('Rescale Slope is 0');
  return { slope, intercept };
}

/** Row spacing comes first in both attributes. */
function spacingOf(dataSet: DataSet): PixelSpacing | undefined {
  const pixelSpacing = numbersOf(dataSet, 'x00280030', 'Pixel Spacing');
  const values =
    pixelSpacing.length > 0 ? pixelSpacing : numbersOf(dataSet, 'x00181164', 'Imager Pixel Spacing');
  const [yMm, xMm] = values;
  if (yMm === undefined) return undefined;
  if (xMm !== undefined && xMm > 0 && yMm > 0) return { xMm, yMm };
  throw new Error(`the pixel spacing ${values.join('\\')} is not two positive numbers`);
}
