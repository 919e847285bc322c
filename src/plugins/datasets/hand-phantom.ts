import { Type } from 'typebox';
import type { Dataset } from '../../core/data/dataset.ts';
import { IDENTITY, transformPoint } from '../../core/data/geometry.ts';
import { DataError } from '../../core/errors.ts';
import { definePlugin } from '../../core/plugins/definition.ts';
import { drawHand } from './hand-phantom/anatomy.ts';
import { HAND_EXPOSURE } from './hand-phantom/exposure.ts';
import { EDGES, handLandmarks, LANDMARK_NAMES } from './hand-phantom/landmarks.ts';
import { placeHand } from './hand-phantom/placing.ts';
import { projectHand } from './hand-phantom/projection.ts';
import { phantomDataset } from './phantom/dataset.ts';
import type { MarkerHabit } from './phantom/film.ts';
import { phantomOptions } from './phantom/options.ts';
import { frameFilm } from './phantom/raster.ts';

const AGE = { minimum: 4, maximum: 25 } as const;

const OPTIONS = Type.Object(
  {
    ...phantomOptions({
      fieldOfView: 'the hand and a margin',
      shapes: 'hands of mean proportions and of the middle of the ages, 1 the spread of real hands',
      pose: "the hand's turn on the film (1: a standard deviation of 5.5 degrees), its place and the margin",
      largestPose: 2,
    }),
    side: Type.Union([Type.Literal('left'), Type.Literal('right'), Type.Literal('either')], {
      default: 'left',
      description: "The patient's hand; on the image a left hand has its thumb on the right.",
    }),
    youngestYears: Type.Number({ ...AGE, default: 5, description: 'Age of the youngest patients.' }),
    oldestYears: Type.Number({
      ...AGE,
      default: 18,
      description: 'Age of the oldest patients; growth plates have closed at 17 or 18.',
    }),
  },
  { additionalProperties: false },
);

export const handPhantom = definePlugin({
  kind: 'dataset',
  type: 'hand-phantom',
  summary: 'Procedural radiographs of growing hands with 37 landmarks: data that needs no download.',
  source:
    'Beer-Lambert projection with NIST/ICRU-44 coefficients; landmark set of Payer et al. 2019 (Medical Image Analysis 54) on the Digital Hand Atlas',
  options: OPTIONS,
  create: (options): Dataset => {
    const { size, side, youngestYears, oldestYears, shapeVariation, poseVariation } = options;
    if (youngestYears > oldestYears) {
      throw new DataError(
        'FSX_DATA_INVALID',
        `hand-phantom: youngestYears (${youngestYears}) is above oldestYears (${oldestYears})`,
        { suggestion: 'Swap the two ages in data.dataset, or make them equal.' },
      );
    }
    return phantomDataset(options, {
      type: 'hand-phantom',
      landmarkNames: LANDMARK_NAMES,
      // A mirrored left hand is a right hand: every landmark keeps its name.
      mirrorPairs: [],
      edges: EDGES,
      exposure: HAND_EXPOSURE,
      drawPatient: (random) => {
        const isRight = side === 'either' ? random.chance(0.5) : side === 'right';
        const hand = drawHand(random, [youngestYears, oldestYears], shapeVariation);
        const anatomy = placeHand(hand, isRight, random, poseVariation);
        const { fieldOfViewMm } = anatomy;
        return {
          anatomy,
          film: frameFilm(size, fieldOfViewMm, IDENTITY),
          marker: markerOf(isRight, fieldOfViewMm),
        };
      },
      landmarksOf: ({ hand, placed }) => handLandmarks(hand).map((point) => transformPoint(placed, point)),
      project: projectHand,
    });
  },
});

/** In the corner below the thumb. */
function markerOf(isRight: boolean, fieldOfViewMm: number): MarkerHabit {
  return {
    letter: () => (isRight ? 'R' : 'L'),
    height: [7, 14],
    inset: [3, 16],
    y: [0.72 * fieldOfViewMm, 0.9 * fieldOfViewMm],
  };
}
