import { Type } from 'typebox';
import type { Dataset } from '../../core/data/dataset.ts';
import { definePlugin } from '../../core/plugins/definition.ts';
import { PELVIS_EXPOSURE } from './pelvis-phantom/exposure.ts';
import { EDGES, LANDMARK_NAMES, MIRROR_PAIRS, pelvisLandmarks } from './pelvis-phantom/landmarks.ts';
import { projectPelvis } from './pelvis-phantom/projection.ts';
import { drawPelvis, FIELD_OF_VIEW_MM } from './pelvis-phantom/shape-model.ts';
import { phantomDataset } from './phantom/dataset.ts';
import type { MarkerHabit } from './phantom/film.ts';
import { phantomOptions } from './phantom/options.ts';
import { frameFilm, turnAbout } from './phantom/raster.ts';

/** Standard deviation of the film's turn in its own plane, in degrees. */
const ROLL_DEGREES = 1.8;

const MARKER: MarkerHabit = {
  letter: (random) => (random.chance(0.5) ? 'L' : 'R'),
  height: [10, 22],
  inset: [6, 40],
  y: [6, 110],
};

const OPTIONS = Type.Object(
  phantomOptions({
    fieldOfView: `${FIELD_OF_VIEW_MM} mm`,
    shapes: 'the mean pelvis, 1 the spread of adults',
    pose: "tilt and turn of the pelvis, the legs' angle, and the turn and place on the film (1: 5, 2.5, 4 and 1.8 degrees, 10 mm)",
    largestPose: 3,
  }),
  { additionalProperties: false },
);

export const pelvisPhantom = definePlugin({
  kind: 'dataset',
  type: 'pelvis-phantom',
  summary:
    'Procedural radiographs of the pelvis from the front with 23 landmarks: data that needs no download.',
  source:
    'Beer-Lambert projection with NIST/ICRU-44 coefficients; landmarks as read on hip films (Tönnis 1976; Wiberg 1939 for the roof)',
  options: OPTIONS,
  create: (options): Dataset =>
    phantomDataset(options, {
      type: 'pelvis-phantom',
      landmarkNames: LANDMARK_NAMES,
      mirrorPairs: MIRROR_PAIRS,
      edges: EDGES,
      exposure: PELVIS_EXPOSURE,
      drawPatient: (random) => {
        const { size, shapeVariation, poseVariation } = options;
        const roll = random.normal(0, ROLL_DEGREES * poseVariation);
        const placed = turnAbout([FIELD_OF_VIEW_MM / 2, FIELD_OF_VIEW_MM / 2], roll);
        const film = frameFilm(size, FIELD_OF_VIEW_MM, placed);
        return { anatomy: drawPelvis(random, shapeVariation, poseVariation), film, marker: MARKER };
      },
      landmarksOf: pelvisLandmarks,
      project: projectPelvis,
    }),
});
