import type { DicomHeader, PixelLayout } from './header.ts';
import type { DicomSettings } from './options.ts';
import { applyVoi, checkWindow, type Voi } from './voi.ts';

/**
 * Words of pixel data -> grey values in [0, 1], bright where the body is dense, by the steps of PS3.3, section C.11 (and
 * PS3.4, N.2): stored value, modality rescale, window or table, inversion of MONOCHROME1.
 */
export function toGrey(
  words: Uint8Array | Uint16Array,
  header: DicomHeader,
  settings: DicomSettings,
): Float32Array {
  const table = greyTable(header, settings.window);
  const pixels = new Float32Array(words.length);
  for (let i = 0; i < pixels.length; i++) pixels[i] = table[words[i]!]!;
  return pixels;
}

/** The grey value of every possible word. */
function greyTable(header: DicomHeader, window: DicomSettings['window']): Float32Array {
  const { layout, rescale, inverted } = header;
  const rescaled = (stored: number) => rescale.slope * stored + rescale.intercept;
  const voi = chosenVoi(header, window);
  const [low, high] = storedRange(layout)
    .map(rescaled)
    .sort((a, b) => a - b) as [number, number];
  const shown = (value: number) => (voi === undefined ? (value - low) / (high - low) : applyVoi(voi, value));
  return Float32Array.from({ length: 2 ** layout.bitsAllocated }, (_, word) => {
    const grey = shown(rescaled(storedValue(word, layout)));
    return inverted ? 1 - grey : grey;
  });
}

function chosenVoi({ voi }: DicomHeader, window: DicomSettings['window']): Voi | undefined {
  if (window === 'full') return undefined;
  if (window === 'file') return voi;
  const fixed = { ...window, function: window.function ?? 'linear' };
  checkWindow(fixed);
  return fixed;
}

function storedValue(word: number, { bitsStored, highBit, signed }: PixelLayout): number {
  const value = (word >>> (highBit + 1 - bitsStored)) & (2 ** bitsStored - 1);
  return signed && value >= 2 ** (bitsStored - 1) ? value - 2 ** bitsStored : value;
}

function storedRange({ bitsStored, signed }: PixelLayout): [number, number] {
  return signed ? [-(2 ** (bitsStored - 1)), 2 ** (bitsStored - 1) - 1] : [0, 2 ** bitsStored - 1];
}
