import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import type { GreyImage, Point } from '../data/dataset.ts';
import { correlations, meanPatch, window } from './correlation.ts';
import { type FieldPatch, NO_TURN, samplePatch, type Turn } from './field-patch.ts';
import { type GradientField, gradientField } from './gradient-field.ts';

/** How the places of landmarks are compared between images. Lengths are parts of the image's longer side. */
export const matchingOptions = Type.Object(
  {
    patch: Type.Number({
      description:
        'Half of the side of the surroundings that are compared, as a part of the longer side of the image.',
      default: 0.055,
      exclusiveMinimum: 0,
      maximum: 0.5,
    }),
    reach: Type.Number({
      description: 'How far from where the network found it a landmark is looked for, likewise.',
      default: 0.03,
      exclusiveMinimum: 0,
      maximum: 0.25,
    }),
    deviation: Type.Number({
      description: "Standard deviation of the network's error that is reckoned with, likewise.",
      default: 0.012,
      exclusiveMinimum: 0,
    }),
    sharpness: Type.Number({
      description:
        'How much a better likeness counts: the weight of a place grows as exp(sharpness x correlation).',
      default: 40,
      minimum: 0,
    }),
  },
  {
    additionalProperties: false,
    description: 'how images are compared',
    default: {},
  },
);

export type MatchingOptions = Static<typeof matchingOptions>;

export const DEFAULT_MATCHING: MatchingOptions = Value.Default(matchingOptions, {}) as MatchingOptions;

/** Landmarks in pixels of their image; `null` where not known. */
export type Landmarks = readonly (Point | null)[];

/** A labeled image, for others to be compared with. */
export interface Example {
  readonly image: GreyImage;
  readonly landmarks: Landmarks;
}

interface StudiedExample {
  readonly field: GradientField;
  readonly landmarks: Landmarks;
}

/** Landmarks this far from each other, in parts of the longer side, count half for how an image is turned around one. */
const NEIGHBOURHOOD = 0.12;
/** Below this the similarity of two shapes is not determined, as with a single landmark. */
const DEGENERATE = 1e-9;

/**
 * Moves landmarks to where an image looks most like labeled ones do around theirs. Compared are gradients, weighted by a
 * Gaussian around the landmark, by their normalised correlation with the mean of the examples; these are first turned
 * and resized to lie as the landmarks of the image do. The new place is the mean over the places within reach, weighted
 * by likeness and by distance from the old one.
 */
export class LandmarkMatcher {
  readonly #examples: readonly StudiedExample[];
  readonly #options: MatchingOptions;

  /** @param examples all of one size. */
  constructor(examples: readonly Example[], options: MatchingOptions) {
    this.#examples = examples.map(({ image, landmarks }) => ({ field: gradientField(image), landmarks }));
    this.#options = options;
  }

  /** @param landmarks of the image, as found so far. A landmark that no example has stays where it is. */
  match(image: GreyImage, landmarks: readonly Point[]): Point[] {
    const field = gradientField(image);
    return landmarks.map((_, landmark) => this.#search(field, landmarks, landmark));
  }

  #search(field: GradientField, landmarks: readonly Point[], landmark: number): Point {
    const side = Math.max(field.width, field.height);
    const half = Math.round(this.#options.patch * side);
    const reach = Math.max(1, Math.round(this.#options.reach * side));
    const weights = window(half);
    const template = this.#template(landmarks, landmark, weights, NEIGHBOURHOOD * side);
    const [x, y] = landmarks[landmark]!;
    if (template === undefined) return [x, y];
    const surroundings = samplePatch(field, [x, y], half + reach, NO_TURN);
    const likeness = correlations(template, surroundings, weights);
    const [right, down] = this.#expectedOffset(likeness, reach, this.#options.deviation * side);
    return [x + right, y + down];
  }

  /** The mean of the examples around a landmark, each of the same strength, in the image's own frame. */
  #template(
    landmarks: readonly Point[],
    landmark: number,
    weights: Float32Array,
    neighbourhoodPx: number,
  ): FieldPatch | undefined {
    const half = (Math.sqrt(weights.length) - 1) / 2;
    const patches = this.#examples.flatMap((example) => {
      const centre = example.landmarks[landmark];
      if (!centre) return [];
      const turn = turnBetween(landmarks, example.landmarks, landmark, neighbourhoodPx);
      return [samplePatch(example.field, centre, half, turn)];
    });
    return patches.length === 0 ? undefined : meanPatch(patches, weights);
  }

  #expectedOffset(likeness: Float32Array, reach: number, deviationPx: number): Point {
    const side = 2 * reach + 1;
    const offsetOf = (index: number): Point => [(index % side) - reach, Math.floor(index / side) - reach];
    const scores = Array.from(likeness, (value, index) => {
      const [right, down] = offsetOf(index);
      return this.#options.sharpness * value - (right ** 2 + down ** 2) / (2 * deviationPx ** 2);
    });
    const best = Math.max(...scores);
    let [total, x, y] = [0, 0, 0];
    for (const [index, score] of scores.entries()) {
      const weight = Math.exp(score - best);
      const [right, down] = offsetOf(index);
      total += weight;
      x += weight * right;
      y += weight * down;
    }
    return [x / total, y / total];
  }
}

/** Pixel positions of an image as `[landmarks, 2]` of the frame that it covers. */
export function inFrame({ width, height }: GreyImage, places: readonly Point[]): Float32Array {
  return Float32Array.from(places.flatMap(([x, y]) => [(x + 0.5) / width, (y + 0.5) / height]));
}

/** How one shape lies turned and resized to another around one of its landmarks: least squares, near ones count more. */
function turnBetween(from: readonly Point[], to: Landmarks, landmark: number, neighbourhoodPx: number): Turn {
  const [fromX, fromY] = from[landmark]!;
  const [toX, toY] = to[landmark]!;
  let [cosine, sine, total] = [0, 0, 0];
  for (const [index, place] of to.entries()) {
    if (place === null) continue;
    const [a, b] = [from[index]![0] - fromX, from[index]![1] - fromY];
    const [p, q] = [place[0] - toX, place[1] - toY];
    const squared = a * a + b * b;
    const weight = 1 / (1 + squared / neighbourhoodPx ** 2);
    cosine += weight * (a * p + b * q);
    sine += weight * (a * q - b * p);
    total += weight * squared;
  }
  return total < DEGENERATE ? NO_TURN : { cosine: cosine / total, sine: sine / total };
}
