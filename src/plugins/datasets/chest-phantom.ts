import { type Static, Type } from 'typebox';
import type { Dataset, GreyImage, Sample } from '../../core/data/dataset.ts';
import { around, chain, invert, transformPoint } from '../../core/data/geometry.ts';
import { definePlugin } from '../../core/plugins/definition.ts';
import { Random } from '../../core/random.ts';
import { type Anatomy, drawAnatomy, landmarksOf } from './chest-phantom/anatomy.ts';
import { develop, drawExposure } from './chest-phantom/detector.ts';
import { finishFilm } from './chest-phantom/film.ts';
import { project } from './chest-phantom/projection.ts';
import { FIELD_OF_VIEW_MM, type Raster } from './chest-phantom/raster.ts';

const LANDMARK_NAMES = [
  'right apex',
  'right costophrenic angle',
  'right cardiophrenic angle',
  'left apex',
  'left costophrenic angle',
  'left cardiophrenic angle',
] as const;

/** Standard deviation of the film's turn in its own plane, in degrees. */
const ROLL_DEGREES = 1.6;

const OPTIONS = Type.Object(
  {
    samples: Type.Integer({
      minimum: 1,
      maximum: 1_000_000,
      default: 320,
      description: 'Number of radiographs.',
    }),
    size: Type.Integer({
      minimum: 64,
      maximum: 1024,
      default: 256,
      description: 'Width and height in pixels; the field of view is 400 mm whatever the size.',
    }),
    seed: Type.Integer({ default: 0, description: 'Radiograph i depends on this seed and on i alone.' }),
    shapeVariation: Type.Number({
      minimum: 0,
      maximum: 1.5,
      default: 1,
      description: 'Scales the spread of the anatomy: 0 draws the mean chest, 1 the spread of real films.',
    }),
    poseVariation: Type.Number({
      minimum: 0,
      maximum: 5,
      default: 1,
      description: 'Scales the turn of the patient on the film (1: a standard deviation of 1.6 degrees).',
    }),
    exposureVariation: Type.Number({
      minimum: 0,
      maximum: 2,
      default: 1,
      description: 'Scales the spread of scatter, dose, contrast and brightness.',
    }),
    noise: Type.Number({ minimum: 0, maximum: 10, default: 1, description: 'Scales the quantum noise.' }),
    markings: Type.Boolean({
      default: true,
      description: 'Draw side markers and the borders of collimation.',
    }),
  },
  { additionalProperties: false },
);

type PhantomOptions = Static<typeof OPTIONS>;

interface Patient {
  readonly anatomy: Anatomy;
  readonly blank: Pick<Raster, 'size' | 'mmPerPx' | 'toPixels' | 'toPatient'>;
}

export const chestPhantom = definePlugin({
  kind: 'dataset',
  type: 'chest-phantom',
  summary: 'Procedural chest radiographs with six landmarks: data that needs no download.',
  source:
    'Beer-Lambert projection with NIST/ICRU-44 coefficients; landmark set of Zhu et al. 2021 (universal anatomical landmark detection)',
  options: OPTIONS,
  create: (options): Dataset => {
    const samples = Array.from({ length: options.samples }, (_, index) => describe(options, index));
    const indexOf = new Map(samples.map(({ id }, index) => [id, index]));
    return {
      landmarkNames: LANDMARK_NAMES,
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
      samples,
      read: async (sample) => expose(options, indexOf.get(sample.id) as number),
    };
  },
});

/** The patient of a radiograph; cheap, so that landmarks are known without drawing. */
function patientOf({ seed, size, shapeVariation, poseVariation }: PhantomOptions, index: number): Patient {
  const random = new Random(seed, 'chest-phantom', index, 'patient');
  const mmPerPx = FIELD_OF_VIEW_MM / size;
  const roll = (random.normal(0, ROLL_DEGREES * poseVariation) * Math.PI) / 180;
  const [cosine, sine] = [Math.cos(roll), Math.sin(roll)];
  const centre = FIELD_OF_VIEW_MM / 2;
  const turned = around([centre, centre], [cosine, -sine, 0, sine, cosine, 0]);
  const toPixels = chain(turned, [1 / mmPerPx, 0, -0.5, 0, 1 / mmPerPx, -0.5]);
  const anatomy = drawAnatomy(random, shapeVariation);
  return { anatomy, blank: { size, mmPerPx, toPixels, toPatient: invert(toPixels) } };
}

function describe(options: PhantomOptions, index: number): Sample {
  const { anatomy, blank } = patientOf(options, index);
  return {
    id: `phantom-${String(index).padStart(4, '0')}`,
    width: blank.size,
    height: blank.size,
    spacing: { xMm: blank.mmPerPx, yMm: blank.mmPerPx },
    landmarks: landmarksOf(anatomy).map((point) => transformPoint(blank.toPixels, point)),
  };
}

function expose(options: PhantomOptions, index: number): GreyImage {
  const { anatomy, blank } = patientOf(options, index);
  const random = new Random(options.seed, 'chest-phantom', index, 'film');
  const raster = { ...blank, values: new Float32Array(blank.size ** 2) };
  const projection = project(raster, anatomy, random);
  const exposure = drawExposure(random, options.exposureVariation, options.noise);
  const pixels = develop(projection, exposure, random);
  if (options.markings) finishFilm(pixels, raster, random);
  return { width: blank.size, height: blank.size, pixels };
}
