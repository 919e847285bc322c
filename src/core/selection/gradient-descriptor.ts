import type { ImageSize } from '../data/image-size.ts';

const ORIENTATIONS = 8;
/** Cells along each axis. */
const CELLS = 16;
/** A cell counts for less the further its gradients lie below this part of the mean cell's: background is no structure. */
const FAINT = 0.5;

/**
 * Which edges an image has where: histograms of oriented gradients over a grid (Dalal & Triggs, CVPR 2005). Each cell is
 * brought to a common strength, so that exposure and contrast count for little; a pixel is shared between the neighbouring
 * cells, so that a small shift counts for little too.
 * @param pixels `[height, width]`, row by row, on any scale.
 * @returns a vector of length 1 without negative entries: the scalar product of two is their similarity, in [0, 1].
 */
export function gradientDescriptor(pixels: ArrayLike<number>, size: ImageSize): Float32Array {
  const histograms = orientationHistograms(pixels, size);
  evenOut(histograms);
  return unitLength(histograms);
}

/** `[CELLS, CELLS, ORIENTATIONS]`: root of gradient magnitudes by cell and unsigned orientation, bilinear in all three. */
function orientationHistograms(pixels: ArrayLike<number>, size: ImageSize): Float32Array {
  const { width, height } = size;
  const histograms = new Float32Array(CELLS * CELLS * ORIENTATIONS);
  const rows = sharesAlong(height);
  const columns = sharesAlong(width);
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      const at = y * width + x;
      const dx = pixels[at + 1]! - pixels[at - 1]!;
      const dy = pixels[at + width]! - pixels[at - width]!;
      const strength = Math.sqrt(Math.hypot(dx, dy));
      if (strength === 0) continue;
      const turn = ((Math.atan2(dy, dx) / Math.PI + 1) % 1) * ORIENTATIONS;
      const lower = Math.floor(turn) % ORIENTATIONS;
      const upperShare = turn - Math.floor(turn);
      for (const [j, rowShare] of rows[y]!) {
        for (const [i, columnShare] of columns[x]!) {
          const cell = (j * CELLS + i) * ORIENTATIONS;
          const weight = strength * rowShare * columnShare;
          histograms[cell + lower]! += weight * (1 - upperShare);
          histograms[cell + ((lower + 1) % ORIENTATIONS)]! += weight * upperShare;
        }
      }
    }
  }
  return histograms;
}

type Shares = readonly (readonly [cell: number, share: number])[];

/** For each pixel along an axis the two cells that it lies between, and how much each gets; at the border one gets all. */
function sharesAlong(length: number): Shares[] {
  return Array.from({ length }, (_, pixel): Shares => {
    const position = ((pixel + 0.5) / length) * CELLS - 0.5;
    const before = Math.floor(position);
    const share = position - before;
    if (before < 0) return [[0, 1]];
    if (before >= CELLS - 1) return [[CELLS - 1, 1]];
    return [
      [before, 1 - share],
      [before + 1, share],
    ];
  });
}

/** Divides each cell by its own strength and a part of the mean one. */
function evenOut(histograms: Float32Array): void {
  const strengths: number[] = [];
  for (let cell = 0; cell < histograms.length; cell += ORIENTATIONS)
    strengths.push(lengthOf(histograms.subarray(cell, cell + ORIENTATIONS)));
  const floor = (FAINT * strengths.reduce((sum, strength) => sum + strength, 0)) / strengths.length;
  if (floor === 0) return;
  for (let k = 0; k < histograms.length; k++)
    histograms[k]! /= strengths[Math.floor(k / ORIENTATIONS)]! + floor;
}

function unitLength(vector: Float32Array): Float32Array {
  const length = lengthOf(vector);
  return length === 0 ? vector : vector.map((value) => value / length);
}

function lengthOf(vector: Float32Array): number {
  let squares = 0;
  for (let k = 0; k < vector.length; k++) squares += vector[k]! ** 2;
  return Math.sqrt(squares);
}
