import type { GreyImage, Point } from '../data/dataset.ts';
import { strokeText, strokeTextWidth } from './stroke-font.ts';

/** Around images. */
export const PAPER = '#12151a';
/** Of text on paper. */
export const INK = '#e9ecef';
export const TEXT_HEIGHT = 10;

/** The pixels as bytes, for drawing. */
export function greyBytes({ pixels }: GreyImage): Uint8Array {
  return Uint8Array.from(pixels, (value) => Math.round(255 * Math.min(1, Math.max(0, value))));
}

/** Long file names lose their beginning, not the error at the end. */
export function fitted(text: string, width: number): string {
  const fits = Math.floor(text.length * Math.min(1, width / strokeTextWidth(text, TEXT_HEIGHT)));
  return text.length <= fits ? text : `..${text.slice(text.length - fits + 2)}`;
}

export function line([x1, y1]: Point, [x2, y2]: Point): string {
  return `<path d="M${x1} ${y1}L${x2} ${y2}"/>`;
}

export function cross([x, y]: Point): string {
  return `<path d="M${x - 6} ${y}H${x + 6}M${x} ${y - 6}V${y + 6}"/>`;
}

/** A dark edge keeps a line visible on bright bone. */
export function haloed(path: string, colour: string, width: number): string {
  return (
    `<g stroke="#000" stroke-opacity="0.6" stroke-width="${width + 2}">${path}</g>` +
    `<g stroke="${colour}" stroke-width="${width}">${path}</g>`
  );
}

export function outlinedText(text: string, [x, y]: Point, colour: string, height = TEXT_HEIGHT): string {
  const glyphs = strokeText(text, x, y, height);
  const width = 0.09 * height;
  return (
    `<g stroke="#000" stroke-opacity="0.75" stroke-width="${width + 1.7}">${glyphs}</g>` +
    `<g stroke="${colour}" stroke-width="${width}">${glyphs}</g>`
  );
}

export function plainText(text: string, x: number, y: number, colour = INK): string {
  return `<g stroke="${colour}" stroke-width="0.8">${strokeText(text, x, y, TEXT_HEIGHT)}</g>`;
}
