import type { GreyImage, Point } from '../data/dataset.ts';
import type { EvaluatedPrediction } from './prediction.ts';
import { type LengthUnit, meanError, radialErrors, spacingFor } from './radial-error.ts';
import { strokeTextWidth } from './stroke-font.ts';
import {
  cross,
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

export interface OverlayOptions {
  /** Radius of the circle around each true landmark, in mm where the spacing is known, else in pixels. */
  readonly toleranceMm: number;
  readonly tolerancePx: number;
  /** Pairs of landmarks to join by thin lines. */
  readonly edges?: readonly (readonly [number, number])[];
  /** Long side of the drawing, in pixels. */
  readonly sizePx?: number;
}

const COLOURS = {
  truth: '#4cc9f0',
  prediction: '#ffb703',
  inside: '#8ce99a',
  outside: '#ff6b6b',
};
const LEGEND_HEIGHT = 58;

/** A drawing in the making: maps original pixels to drawing pixels. */
interface Canvas {
  readonly scale: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Draws truth (cross), prediction (dot), the line between, a tolerance circle around the truth (green when the
 * prediction is inside, red when outside) and landmark numbers (from 1, in the order of the dataset) over the image.
 * Small images are enlarged, so that lines stay thin against anatomy.
 *
 * @param image the pixels at any resolution of the same field of view.
 * @returns a PNG.
 */
export async function drawOverlay(
  image: GreyImage,
  prediction: EvaluatedPrediction,
  options: OverlayOptions,
): Promise<Buffer> {
  const { default: sharp } = await import('sharp');
  const canvas = canvasFor(prediction, options.sizePx ?? 768);
  return sharp(greyBytes(image), { raw: { width: image.width, height: image.height, channels: 1 } })
    .resize(canvas.width, canvas.height, { fit: 'fill', kernel: 'cubic' })
    .extend({ bottom: LEGEND_HEIGHT, background: PAPER })
    .toColourspace('srgb')
    .composite([{ input: Buffer.from(overlaySvg(prediction, options, canvas)) }])
    .png({ compressionLevel: 9 })
    .toBuffer();
}

function canvasFor({ width, height }: EvaluatedPrediction, sizePx: number): Canvas {
  const scale = sizePx / Math.max(width, height);
  return { scale, width: Math.round(width * scale), height: Math.round(height * scale) };
}

function overlaySvg(prediction: EvaluatedPrediction, options: OverlayOptions, canvas: Canvas): string {
  const height = canvas.height + LEGEND_HEIGHT;
  const size = `width="${canvas.width}" height="${height}" viewBox="0 0 ${canvas.width} ${height}"`;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} fill="none" stroke-linecap="round" stroke-linejoin="round">` +
    shape(prediction, options.edges ?? [], canvas) +
    prediction.landmarks.map((_, landmark) => landmarkMarks(prediction, landmark, options, canvas)).join('') +
    legend(prediction, options, canvas) +
    '</svg>'
  );
}

/** Pixel centres have whole coordinates, so the corner of the image is at (-0.5, -0.5). */
function toCanvas([x, y]: Point, { scale }: Canvas): Point {
  return [(x + 0.5) * scale, (y + 0.5) * scale];
}

function shape(
  { landmarks }: EvaluatedPrediction,
  edges: readonly (readonly [number, number])[],
  canvas: Canvas,
): string {
  const lines = edges.map(([from, to]) => {
    const [start, end] = [landmarks[from], landmarks[to]];
    return start && end ? line(toCanvas(start, canvas), toCanvas(end, canvas)) : '';
  });
  return `<g stroke="${COLOURS.prediction}" stroke-width="1" opacity="0.35">${lines.join('')}</g>`;
}

function landmarkMarks(
  prediction: EvaluatedPrediction,
  landmark: number,
  options: OverlayOptions,
  canvas: Canvas,
): string {
  const predicted = toCanvas(prediction.landmarks[landmark] as Point, canvas);
  const truth = prediction.truth[landmark];
  const dot =
    `<circle cx="${predicted[0]}" cy="${predicted[1]}" r="3.6" fill="${COLOURS.prediction}" ` +
    'stroke="#000" stroke-opacity="0.7" stroke-width="1"/>';
  const number = outlinedText(String(landmark + 1), [predicted[0] + 7, predicted[1] - 14], INK);
  if (truth === null || truth === undefined) return dot + number;
  return (
    toleranceRing(prediction, landmark, options, canvas) +
    haloed(line(toCanvas(truth, canvas), predicted), COLOURS.prediction, 1.4) +
    haloed(cross(toCanvas(truth, canvas)), COLOURS.truth, 1.8) +
    dot +
    number
  );
}

function toleranceRing(
  prediction: EvaluatedPrediction,
  landmark: number,
  options: OverlayOptions,
  canvas: Canvas,
): string {
  const { unit, tolerance } = toleranceOf(prediction, options);
  const spacing = spacingFor(prediction, unit);
  const [x, y] = toCanvas(prediction.truth[landmark] as Point, canvas);
  const error = radialErrors(prediction, unit)[landmark] ?? 0;
  const colour = error <= tolerance ? COLOURS.inside : COLOURS.outside;
  const [rx, ry] = [(tolerance / spacing.xMm) * canvas.scale, (tolerance / spacing.yMm) * canvas.scale];
  return `<ellipse cx="${x}" cy="${y}" rx="${rx}" ry="${ry}" stroke="${colour}" stroke-width="1.3" opacity="0.9"/>`;
}

function toleranceOf(
  { spacing }: EvaluatedPrediction,
  { toleranceMm, tolerancePx }: OverlayOptions,
): { unit: LengthUnit; tolerance: number } {
  return spacing === undefined
    ? { unit: 'px', tolerance: tolerancePx }
    : { unit: 'mm', tolerance: toleranceMm };
}

/** A name and how to draw its mark. */
type LegendEntry = readonly [string, (at: Point) => string];

function legend(prediction: EvaluatedPrediction, options: OverlayOptions, canvas: Canvas): string {
  const { unit, tolerance } = toleranceOf(prediction, options);
  const error = meanError(radialErrors(prediction, unit));
  const summary = error === undefined ? '' : `mean error ${error.toFixed(2)} ${unit}`;
  const [first, second] = [canvas.height + 14, canvas.height + 36];
  const predicted: LegendEntry = [
    'prediction',
    ([x, y]) => `<circle cx="${x}" cy="${y}" r="3.6" fill="${COLOURS.prediction}"/>`,
  ];
  const besideTruth: LegendEntry[] = [
    ['truth', (at) => haloed(cross(at), COLOURS.truth, 1.8)],
    predicted,
    [`within ${tolerance} ${unit}`, (at) => ring(at, COLOURS.inside)],
    ['outside', (at) => ring(at, COLOURS.outside)],
  ];
  const entries = error === undefined ? [predicted] : besideTruth;
  const room = Math.min(1, (canvas.width - 24) / legendWidth(entries.map(([label]) => label)));
  let x = 0;
  const drawn = entries.map(([label, symbol]) => {
    const entry = symbol([x + 6, TEXT_HEIGHT / 2]) + plainText(label, x + 18, 0);
    x += entryWidth(label);
    return entry;
  });
  return (
    plainText(fitted(`${prediction.id}  ${summary}`, canvas.width - 24), 12, first) +
    `<g transform="translate(12 ${second}) scale(${room})">${drawn.join('')}</g>`
  );
}

function entryWidth(label: string): number {
  return 18 + strokeTextWidth(label, TEXT_HEIGHT) + 20;
}

function legendWidth(labels: readonly string[]): number {
  return labels.reduce((sum, label) => sum + entryWidth(label), 0);
}

function ring([x, y]: Point, colour: string): string {
  return `<circle cx="${x}" cy="${y}" r="6" stroke="${colour}" stroke-width="1.3"/>`;
}
