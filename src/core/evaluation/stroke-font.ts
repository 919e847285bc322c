/**
 * Letters as strokes on a grid 4 wide and 6 high, y downwards: an SVG `text` element shows nothing where no font is
 * installed, as in a small container, and looks different on every machine.
 */
const GLYPHS: Readonly<Record<string, string>> = {
  '0': 'M1 0H3L4 1V5L3 6H1L0 5V1Z',
  '1': 'M1 1L2 0V6M1 6H3',
  '2': 'M0 1L1 0H3L4 1V2L0 6H4',
  '3': 'M0 0H4L2 2.4H3L4 3.4V5L3 6H1L0 5',
  '4': 'M3 6V0L0 4H4',
  '5': 'M4 0H0V2.5H3L4 3.5V5L3 6H0',
  '6': 'M4 0H2L0 2V5L1 6H3L4 5V3.5L3 2.5H0',
  '7': 'M0 0H4L1.5 6',
  '8': 'M1 0H3L4 1V2L3 3H1L0 4V5L1 6H3L4 5V4L3 3H1L0 2V1Z',
  '9': 'M0 6H2L4 4V1L3 0H1L0 1V2.5L1 3.5H4',
  A: 'M0 6L2 0L4 6M.7 4H3.3',
  B: 'M0 0V6H3L4 5V4L3 3H0M0 0H3L3.7 .8V2.2L3 3',
  C: 'M4 1L3 0H1L0 1V5L1 6H3L4 5',
  D: 'M0 0V6H2.5L4 4.5V1.5L2.5 0Z',
  E: 'M4 0H0V6H4M0 3H3',
  F: 'M4 0H0V6M0 3H3',
  G: 'M4 1L3 0H1L0 1V5L1 6H3L4 5V3H2.2',
  H: 'M0 0V6M4 0V6M0 3H4',
  I: 'M1 0H3M2 0V6M1 6H3',
  J: 'M4 0V5L3 6H1L0 5',
  K: 'M0 0V6M4 0L0 3.4M1.4 2.4L4 6',
  L: 'M0 0V6H4',
  M: 'M0 6V0L2 3L4 0V6',
  N: 'M0 6V0L4 6V0',
  O: 'M1 0H3L4 1V5L3 6H1L0 5V1Z',
  P: 'M0 6V0H3L4 1V2.4L3 3.4H0',
  Q: 'M1 0H3L4 1V5L3 6H1L0 5V1ZM2.5 4.2L4.3 6.3',
  R: 'M0 6V0H3L4 1V2.2L3 3.2H0M2 3.2L4 6',
  S: 'M4 1L3 0H1L0 1V2L1 3H3L4 4V5L3 6H1L0 5',
  T: 'M0 0H4M2 0V6',
  U: 'M0 0V5L1 6H3L4 5V0',
  V: 'M0 0L2 6L4 0',
  W: 'M0 0L1 6L2 2.5L3 6L4 0',
  X: 'M0 0L4 6M4 0L0 6',
  Y: 'M0 0L2 3L4 0M2 3V6',
  Z: 'M0 0H4L0 6H4',
  '.': 'M2 5.8V6',
  ',': 'M2 5.6L1.4 7',
  '-': 'M.6 3H3.4',
  _: 'M0 6.6H4',
  ':': 'M2 2V2.2M2 5V5.2',
  '/': 'M0 6.5L4 -.5',
  '+': 'M.4 3H3.6M2 1.4V4.6',
  '(': 'M3 -.6L1.6 1V5L3 6.6',
  ')': 'M1 -.6L2.4 1V5L1 6.6',
};

const GRID_HEIGHT = 6;
const ADVANCE = 5.6;

/** Width of a line of text, in the unit of `height`. */
export function strokeTextWidth(text: string, height: number): number {
  return Math.max(0, text.length * ADVANCE - (ADVANCE - 4)) * (height / GRID_HEIGHT);
}

/**
 * SVG path elements of a line of capital letters with its top left corner at `(x, y)`; characters that have no glyph
 * leave a gap. Style it with `stroke` on a group around it.
 */
export function strokeText(text: string, x: number, y: number, height: number): string {
  const scale = height / GRID_HEIGHT;
  return [...text.toUpperCase()]
    .map((character, index) => {
      const path = GLYPHS[character];
      if (path === undefined) return '';
      const left = (x + index * ADVANCE * scale).toFixed(2);
      return `<path d="${path}" transform="translate(${left} ${y.toFixed(2)}) scale(${scale.toFixed(4)})"/>`;
    })
    .join('');
}
