import { Type } from 'typebox';
import type { Dataset } from '../../core/data/dataset.ts';
import { definePlugin } from '../../core/plugins/definition.ts';
import { drawAnatomy, landmarksOf } from './chest-phantom/anatomy.ts';
import { CHEST_EXPOSURE } from './chest-phantom/exposure.ts';
import { project } from './chest-phantom/projection.ts';
import { FIELD_OF_VIEW_MM } from './chest-phantom/shape-model.ts';
import { phantomDataset } from './phantom/dataset.ts';
import type { MarkerHabit } from './phantom/film.ts';
import { phantomOptions } from './phantom/options.ts';
import { frameFilm, turnAbout } from './phantom/raster.ts';

/** Standard deviation of the film's turn in its own plane, in degrees. */
const ROLL_DEGREES = 1.6;

/** Most departments mark the left. */
const MARKER: MarkerHabit = {
  letter: (random) => (random.chance(0.8) ? 'L' : 'R'),
  height: [9, 24],
  inset: [8, 120],
  y: [6, 60],
};

const OPTIONS = Type.Object(
  phantomOptions({
    fieldOfView: '400 mm',
    shapes: 'the mean chest, 1 the spread of real films',
    pose: 'the turn of the patient on the film (1: a standard deviation of 1.6 degrees)',
    largestPose: 5,
  }),
  { additionalProperties: false },
);

export const chestPhantom = definePlugin({
  kind: 'dataset',
  type: 'chest-phantom',
  summary: 'Procedural chest radiographs with six landmarks: data that needs no download.',
  source:
    'Beer-Lambert projection with NIST/ICRU-44 coefficients; landmark set of Zhu et al. 2021 (universal anatomical landmark detection)',
  options: OPTIONS,
  create: (options): Dataset =>
    phantomDataset(options, {
      type: 'chest-phantom',
      landmarkNames: [
        'right apex',
        'right costophrenic angle',
        'right cardiophrenic angle',
        'left apex',
        'left costophrenic angle',
        'left cardiophrenic angle',
      ],
      mirrorPairs: [
        [0, 3],
        [1, 4],
        [2, 5],
      ],
      edges: [
        [0, 1],
        [1, 2],
        [2, 0],
        [3, 4],
        [4, 5],
        [5, 3],
        [0, 3],
        [2, 5],
      ],
      exposure: CHEST_EXPOSURE,
      drawPatient: (random) => {
        const roll = random.normal(0, ROLL_DEGREES * options.poseVariation);
        const placed = turnAbout([FIELD_OF_VIEW_MM / 2, FIELD_OF_VIEW_MM / 2], roll);
        const film = frameFilm(options.size, FIELD_OF_VIEW_MM, placed);
        return { anatomy: drawAnatomy(random, options.shapeVariation), film, marker: MARKER };
      },
      landmarksOf,
      project,
    }),
});
