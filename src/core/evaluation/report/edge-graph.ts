import type { Point } from '../../data/dataset.ts';
import { type Html, html } from './html.ts';

/** A learned edge matrix: row i holds the weights with which node i hears every node. */
export interface EdgeMatrix {
  readonly name: string;
  readonly weights: readonly (readonly number[])[];
}

const SIZE = 420;
const MARGIN = 36;
/** Fainter edges than this share of the strongest would only make a grey mesh. */
const FAINTEST = 0.08;

/**
 * The edges between different landmarks, drawn over the mean shape: width and opacity by size, colour by sign. An
 * edge is drawn once, with the mean of its two directions.
 */
export function edgeGraph(
  matrix: EdgeMatrix,
  meanShape: readonly Point[],
  landmarkNames: readonly string[],
): Html {
  const nodes = fitToDrawing(meanShape);
  const edges = undirectedEdges(matrix);
  const strongest = Math.max(...edges.map(({ weight }) => Math.abs(weight)), Number.EPSILON);
  const drawn = edges
    .filter(({ weight }) => Math.abs(weight) >= FAINTEST * strongest)
    .sort((a, b) => Math.abs(a.weight) - Math.abs(b.weight))
    .map(({ from, to, weight }) => {
      const [[x1, y1], [x2, y2]] = [nodes[from] as Point, nodes[to] as Point];
      const share = Math.abs(weight) / strongest;
      return html`<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="${signColour(weight)}" stroke-width="${(
        0.6 + 5 * share
      ).toFixed(2)}" stroke-opacity="${(0.15 + 0.75 * share).toFixed(2)}"><title>${landmarkNames[from]} – ${
        landmarkNames[to]
      }: ${weight.toFixed(3)}</title></line>`;
    });
  const label = `Edges of ${matrix.name} over the mean shape; the strongest weight is ${strongest.toFixed(3)}`;
  return html`<svg class="chart" role="img" aria-label="${label}" viewBox="0 0 ${SIZE} ${SIZE}">
    <g stroke-linecap="round">${drawn}</g>${nodes.map((node, index) => nodeMark(node, index, landmarkNames))}</svg>`;
}

function nodeMark([x, y]: Point, index: number, landmarkNames: readonly string[]): Html {
  return html`<g><title>${index + 1}: ${landmarkNames[index]}</title><circle cx="${x}" cy="${y}" r="10" fill="var(--page)" stroke="var(--ink)" stroke-width="1.4"/><text x="${x}" y="${
    y + 4
  }" text-anchor="middle" font-size="11" fill="var(--ink)">${index + 1}</text></g>`;
}

/** The whole matrix, with both directions and the diagonal. */
export function edgeHeatMap({ name, weights }: EdgeMatrix, landmarkNames: readonly string[]): Html {
  const cell = (SIZE - 2 * MARGIN) / Math.max(1, weights.length);
  const strongest = Math.max(...weights.flat().map(Math.abs), Number.EPSILON);
  const fontSize = Math.min(11, cell * 0.8).toFixed(1);
  const cells = weights.flatMap((row, to) =>
    row.map((weight, from) => {
      const title = `${landmarkNames[to]} hears ${landmarkNames[from]}: ${weight.toFixed(3)}`;
      const opacity = (Math.abs(weight) / strongest).toFixed(3);
      return html`<rect x="${MARGIN + from * cell}" y="${MARGIN + to * cell}" width="${cell * 0.96}" height="${
        cell * 0.96
      }" fill="${signColour(weight)}" fill-opacity="${opacity}"><title>${title}</title></rect>`;
    }),
  );
  const labels = weights.map((_, index) => {
    const middle = MARGIN + (index + 0.5) * cell;
    return html`<text x="${MARGIN - 6}" y="${middle + 4}" text-anchor="end">${index + 1}</text><text x="${middle}" y="${
      MARGIN - 6
    }" text-anchor="middle">${index + 1}</text>`;
  });
  return html`<svg class="chart" role="img" aria-label="Heat map of ${name}; full colour is ${strongest.toFixed(
    3,
  )}" viewBox="0 0 ${SIZE} ${SIZE}">${cells}<g fill="var(--muted)" font-size="${fontSize}">${labels}<text x="${
    SIZE / 2
  }" y="${SIZE - 12}" font-size="12" text-anchor="middle">column: the node that is heard; full colour: ${strongest.toFixed(
    3,
  )}</text></g></svg>`;
}

function signColour(weight: number): string {
  return weight < 0 ? 'var(--negative)' : 'var(--positive)';
}

function undirectedEdges({ weights }: EdgeMatrix): { from: number; to: number; weight: number }[] {
  return weights.flatMap((row, from) =>
    row.slice(from + 1).map((weight, offset) => {
      const to = from + 1 + offset;
      return { from, to, weight: (weight + (weights[to]?.[from] ?? weight)) / 2 };
    }),
  );
}

function fitToDrawing(shape: readonly Point[]): Point[] {
  const [xs, ys] = [shape.map(([x]) => x), shape.map(([, y]) => y)];
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  const [width, height] = [Math.max(...xs) - left, Math.max(...ys) - top];
  const room = SIZE - 2 * MARGIN;
  const scale = room / Math.max(width, height, Number.EPSILON);
  const [shiftX, shiftY] = [(room - width * scale) / 2, (room - height * scale) / 2];
  return shape.map(([x, y]) => [
    Number((MARGIN + shiftX + (x - left) * scale).toFixed(1)),
    Number((MARGIN + shiftY + (y - top) * scale).toFixed(1)),
  ]);
}
