import type { FieldPatch } from './field-patch.ts';

/** Keeps what is flat from being divided by zero. */
const NEARLY_NOTHING = 1e-9;

/** A Gaussian whose standard deviation is half of `half`, over `(2 half + 1)²` places. */
export function window(half: number): Float32Array {
  const side = 2 * half + 1;
  return Float32Array.from({ length: side * side }, (_, index) => {
    const [u, v] = [(index % side) - half, Math.floor(index / side) - half];
    return Math.exp((-2 * (u * u + v * v)) / (half * half));
  });
}

/** The sum of patches of weighted strength 1, brought to that strength. */
export function meanPatch(patches: readonly FieldPatch[], weights: Float32Array): FieldPatch {
  const { side } = patches[0]!;
  const mean = { side, x: new Float32Array(side * side), y: new Float32Array(side * side) };
  for (const patch of patches) {
    const scale = 1 / (patches.length * Math.sqrt(strengthOf(patch, weights) + NEARLY_NOTHING));
    for (let i = 0; i < weights.length; i++) {
      mean.x[i]! += scale * patch.x[i]!;
      mean.y[i]! += scale * patch.y[i]!;
    }
  }
  return mean;
}

function strengthOf({ x, y }: FieldPatch, weights: Float32Array): number {
  return weights.reduce((total, weight, i) => total + weight * (x[i]! ** 2 + y[i]! ** 2), 0);
}

/**
 * The correlation of a template with every place of a larger patch at which it lies wholly within.
 * @param weights of the template's places.
 * @returns in [-1, 1], row by row, `larger.side - template.side + 1` along each axis.
 */
export function correlations(template: FieldPatch, larger: FieldPatch, weights: Float32Array): Float32Array {
  const places = larger.side - template.side + 1;
  const energy = larger.x.map((value, i) => value * value + larger.y[i]! ** 2);
  const [wx, wy] = [template.x.map((v, i) => v * weights[i]!), template.y.map((v, i) => v * weights[i]!)];
  const found = new Float32Array(places * places);
  for (let index = 0; index < found.length; index++) {
    const origin = Math.floor(index / places) * larger.side + (index % places);
    let [product, strength] = [0, 0];
    for (let row = 0, i = 0; row < template.side; row++) {
      let at = origin + row * larger.side;
      for (let column = 0; column < template.side; column++, i++, at++) {
        product += wx[i]! * larger.x[at]! + wy[i]! * larger.y[at]!;
        strength += weights[i]! * energy[at]!;
      }
    }
    found[index] = product / Math.sqrt(strength + NEARLY_NOTHING);
  }
  return found;
}
