import type { GreyImage, Point } from '../data/dataset.ts';
import { strokeTextWidth } from './stroke-font.ts';
import {
  fitted,
  greyBytes,
  haloed,
  INK,
  line,
  outlinedText,
  PAPER,
  plainText,
  TEXT_HEIGHT,
} from './svg-marks.ts';

/** One image of a sheet. */
export interface SheetImage {
  /** The pixels at any resolution. */
  readonly image: GreyImage;
  /** Pixels of the original, which the landmarks count. */
  readonly width: number;
  readonly height: number;
  readonly landmarks: readonly (Point | null)[];
  /** Below the image: what it is, and what is to be said of it. */
  readonly caption: string;
  readonly remark: string;
  /** Framed, with the remark in the same colour. */
  readonly isFlagged: boolean;
}

export interface SheetOptions {
  readonly title: string;
  readonly landmarkNames: readonly string[];
  /** Pairs of landmarks to join by thin lines. */
  readonly edges: readonly (readonly [number, number])[];
}

/** A rectangle of the sheet, in its pixels. */
interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Long side of a cell's image, in pixels. */
const CELL_PX = 320;
const GAP_PX = 14;
/** Room for the title of a sheet of few images. */
const LEAST_WIDTH_PX = 640;
const CAPTION_PX = 2 * (TEXT_HEIGHT + 6);
const TITLE_PX = TEXT_HEIGHT + 22;
const FLAG = '#ff6b6b';
const QUIET_INK = '#8d96a0';
/** More landmarks than this have smaller labels. */
const FEW_LANDMARKS = 8;
/** More labels than this hide the anatomy. */
const MOST_LABELS = 24;
const SMALL_TEXT_HEIGHT = 7;

/** Draws images side by side with their landmarks, one colour a landmark, and the names below. @returns a PNG. */
export async function drawContactSheet(
  images: readonly SheetImage[],
  options: SheetOptions,
): Promise<Buffer> {
  const { default: sharp } = await import('sharp');
  const layout = layOut(images, options);
  const films = await Promise.all(
    images.map(async ({ image }, index) => {
      const { x, y, width, height } = layout.films[index]!;
      const raw = { width: image.width, height: image.height, channels: 1 } as const;
      const input = await sharp(greyBytes(image), { raw })
        .resize(width, height, { fit: 'fill' })
        .toColourspace('srgb')
        .png({ compressionLevel: 0 })
        .toBuffer();
      return { input, left: x, top: y };
    }),
  );
  const svg = Buffer.from(sheetSvg(images, options, layout));
  const { width, height } = layout;
  return sharp({ create: { width, height, channels: 3, background: PAPER } })
    .composite([...films, { input: svg, left: 0, top: 0 }])
    .png({ compressionLevel: 9 })
    .toBuffer();
}

interface Layout {
  readonly width: number;
  readonly height: number;
  readonly cells: readonly Box[];
  /** Where each image lies, in the middle of its cell. */
  readonly films: readonly Box[];
  readonly legend: readonly { readonly text: string; readonly x: number; readonly y: number }[];
}

/** As many columns as make the sheet about half wider than it is high. */
function layOut(images: readonly SheetImage[], { landmarkNames }: SheetOptions): Layout {
  const aspects = images.map(({ width, height }) => width / height).sort((a, b) => a - b);
  const aspect = aspects[Math.floor(aspects.length / 2)] ?? 1;
  const cell = {
    width: Math.round(CELL_PX * Math.min(1, aspect)),
    height: Math.round(CELL_PX / Math.max(1, aspect)),
  };
  const rowPx = cell.height + CAPTION_PX + GAP_PX;
  const columnPx = cell.width + GAP_PX;
  const columns = countColumns(images.length, rowPx / columnPx);
  const rows = Math.ceil(images.length / columns);
  const cells = images.map((_, index) => ({
    x: GAP_PX + (index % columns) * columnPx,
    y: TITLE_PX + Math.floor(index / columns) * rowPx,
    ...cell,
  }));
  const width = Math.max(LEAST_WIDTH_PX, GAP_PX + columns * columnPx);
  const legendTop = TITLE_PX + rows * rowPx + GAP_PX / 2;
  const legend = layOutLegend(landmarkNames, width, legendTop);
  const height = Math.round((legend.at(-1)?.y ?? legendTop) + TEXT_HEIGHT + GAP_PX);
  const films = images.map((image, index) => within(cells[index]!, image));
  return { width, height, cells, films, legend };
}

/** The count near the wanted shape that leaves the fewest cells empty. */
function countColumns(images: number, cellHeightPerWidth: number): number {
  const wanted = Math.round(Math.sqrt(1.5 * images * cellHeightPerWidth));
  const counts = [wanted, wanted + 1, wanted - 1].filter((count) => count >= 1 && count <= images);
  const emptyCells = (count: number) => Math.ceil(images / count) * count - images;
  return counts.sort((a, b) => emptyCells(a) - emptyCells(b))[0] ?? Math.max(1, images);
}

function layOutLegend(names: readonly string[], width: number, top: number): Layout['legend'] {
  let [x, y] = [GAP_PX, top];
  const labels = labelsOf(names);
  return names.map((name, landmark) => {
    const text = legendText(name, labels[landmark]!);
    const entryPx = 16 + strokeTextWidth(text, TEXT_HEIGHT) + 22;
    if (x > GAP_PX && x + entryPx > width) {
      x = GAP_PX;
      y += TEXT_HEIGHT + 9;
    }
    const entry = { text, x, y };
    x += entryPx;
    return entry;
  });
}

/** What stands beside a landmark: its number from 1, or its name where the dataset only numbers them. */
function labelsOf(names: readonly string[]): readonly string[] {
  return names.every((name) => /^\d+$/.test(name)) ? names : names.map((_, landmark) => String(landmark + 1));
}

function legendText(name: string, label: string): string {
  return name === label ? name : `${label} ${name}`;
}

/** The largest box of the image's aspect in the middle of a cell. */
function within(cell: Box, { width, height }: SheetImage): Box {
  const scale = Math.min(cell.width / width, cell.height / height);
  const size = {
    width: Math.max(1, Math.round(width * scale)),
    height: Math.max(1, Math.round(height * scale)),
  };
  return {
    x: cell.x + Math.floor((cell.width - size.width) / 2),
    y: cell.y + Math.floor((cell.height - size.height) / 2),
    ...size,
  };
}

function sheetSvg(images: readonly SheetImage[], options: SheetOptions, layout: Layout): string {
  const { width, height, cells, films, legend } = layout;
  const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} fill="none" stroke-linecap="round" stroke-linejoin="round">` +
    plainText(fitted(options.title, width - 2 * GAP_PX), GAP_PX, GAP_PX - 2) +
    images
      .map((image, index) => filmMarks(image, films[index]!, options) + caption(image, cells[index]!))
      .join('') +
    legend
      .map(({ text, x, y }, landmark) => {
        const mark = dot([x + 4, y + TEXT_HEIGHT / 2], colourOf(landmark, legend.length), 4);
        return mark + plainText(text, x + 14, y);
      })
      .join('') +
    '</svg>'
  );
}

function filmMarks(image: SheetImage, film: Box, { edges, landmarkNames }: SheetOptions): string {
  const points = image.landmarks.map((point) => point && onSheet(point, image, film));
  const lines = edges.map(([from, to]) => {
    const [start, end] = [points[from], points[to]];
    return start && end ? line(start, end) : '';
  });
  const labels = labelsOf(landmarkNames);
  const count = landmarkNames.length;
  const isFew = count <= FEW_LANDMARKS;
  const textHeight = isFew ? TEXT_HEIGHT : SMALL_TEXT_HEIGHT;
  const marks = points.map((point, landmark) => {
    if (!point) return '';
    const colour = colourOf(landmark, count);
    const beside: Point = [point[0] + 4, point[1] - textHeight - 1];
    const label = count > MOST_LABELS ? '' : outlinedText(labels[landmark]!, beside, colour, textHeight);
    return dot(point, colour, isFew ? 3 : 2.3) + label;
  });
  return `<g opacity="0.55">${haloed(lines.join(''), INK, 0.9)}</g>${marks.join('')}`;
}

/** Pixel centres have whole coordinates, so the corner of the image is at (-0.5, -0.5). */
function onSheet([x, y]: Point, { width, height }: SheetImage, film: Box): Point {
  return [film.x + ((x + 0.5) * film.width) / width, film.y + ((y + 0.5) * film.height) / height];
}

function caption({ caption: text, remark, isFlagged }: SheetImage, cell: Box): string {
  const top = cell.y + cell.height + 7;
  const frame = isFlagged
    ? `<rect x="${cell.x - 3}" y="${cell.y - 3}" width="${cell.width + 6}" height="${cell.height + 6}" stroke="${FLAG}" stroke-width="2"/>`
    : '';
  const lineTop = top + TEXT_HEIGHT + 5;
  return (
    frame +
    plainText(fitted(text, cell.width), cell.x, top) +
    plainText(fitted(remark, cell.width), cell.x, lineTop, isFlagged ? FLAG : QUIET_INK)
  );
}

function dot([x, y]: Point, colour: string, radius: number): string {
  return `<circle cx="${x}" cy="${y}" r="${radius}" fill="${colour}" stroke="#000" stroke-opacity="0.75" stroke-width="1"/>`;
}

/** Hues around the circle, every other one lighter so that neighbours differ, and blue ones too, which look dark. */
function colourOf(landmark: number, count: number): string {
  const hue = Math.round((360 * landmark) / Math.max(1, count));
  const lightness = (landmark % 2 === 0 ? 60 : 74) + (hue > 215 && hue < 285 ? 10 : 0);
  return `hsl(${hue}, 95%, ${lightness}%)`;
}
