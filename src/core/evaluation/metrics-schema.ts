import { type Static, Type } from 'typebox';

const closed = { additionalProperties: false } as const;

const Estimate = Type.Object(
  {
    value: Type.Number(),
    low: Type.Number({ description: 'Lower end of the bootstrap interval.' }),
    high: Type.Number({ description: 'Upper end of the bootstrap interval.' }),
  },
  closed,
);

const summaryFields = {
  points: Type.Integer({ minimum: 1, description: 'Labeled landmarks that the numbers are over.' }),
  mre: Type.Unsafe<Static<typeof Estimate>>({
    ...Estimate,
    description: 'Mean radial error over all points, in `unit`.',
  }),
  sd: Type.Number({
    description: 'Standard deviation of the radial errors (n - 1; 0 for one point), in `unit`.',
  }),
  median: Type.Unsafe<Static<typeof Estimate>>({
    ...Estimate,
    description: 'Median radial error, in `unit`.',
  }),
  mrePx: Type.Number({ description: 'Mean radial error in pixels of the original images.' }),
  sdr: Type.Array(
    Type.Object({ radius: Type.Number({ description: 'In `unit`.' }), rate: Estimate }, closed),
    { description: 'Success detection rate: share of points whose error is at most the radius.' },
  ),
  nme: Type.Optional(
    Type.Unsafe<Static<typeof Estimate>>({
      ...Estimate,
      description:
        'Mean of error / reference distance of the same image; left out where no image has the distance.',
    }),
  ),
  failureRate: Type.Object(
    {
      points: Type.Unsafe<Static<typeof Estimate>>({
        ...Estimate,
        description: 'Share of points whose error exceeds `failureRadius`.',
      }),
      images: Type.Unsafe<Static<typeof Estimate>>({
        ...Estimate,
        description: 'Share of images whose mean error over these landmarks exceeds `failureRadius`.',
      }),
    },
    closed,
  ),
  auc: Type.Unsafe<Static<typeof Estimate>>({
    ...Estimate,
    description:
      'Area under the cumulative error curve of the points from 0 to `curveLimit`, divided by it: 1 is perfect.',
  }),
};

const Summary = Type.Object(summaryFields, closed);
const LandmarkSummary = Type.Object({ name: Type.String(), ...summaryFields }, closed);

const Metrics = Type.Object(
  {
    unit: Type.Unsafe<'mm' | 'px'>({
      type: 'string',
      enum: ['mm', 'px'],
      description:
        'Unit of every length here, in the original image: mm only when every image has a pixel spacing.',
    }),
    notice: Type.Optional(
      Type.String({ description: 'What a reader must know before comparing these numbers.' }),
    ),
    images: Type.Integer({ minimum: 1, description: 'Images with at least one labeled landmark.' }),
    missingPoints: Type.Integer({ minimum: 0, description: 'Landmarks without a label, left out.' }),
    failureRadius: Type.Number(),
    curveLimit: Type.Number(),
    nmeReference: Type.String({ description: 'The distance that the normalised mean error divides by.' }),
    interval: Type.Object(
      {
        method: Type.Literal('percentile bootstrap over images'),
        confidence: Type.Number(),
        resamples: Type.Integer(),
        seed: Type.Integer(),
      },
      closed,
    ),
    overall: Summary,
    landmarks: Type.Array(LandmarkSummary, {
      description: 'Landmarks that have at least one label, in order.',
    }),
  },
  closed,
);

const errorRadiusFields = {
  images: Type.Integer({ minimum: 0, description: 'Validation images that it comes from.' }),
  radius: Type.Union([Type.Number(), Type.Null()], {
    description: 'In `unit`; null where it is infinite: the validation images are too few for the level.',
  }),
  coverage: Type.Union([Type.Number(), Type.Null()], {
    description: 'Share of the labeled test points within the radius; null where it is infinite.',
  }),
};

const ErrorRadius = Type.Object(errorRadiusFields, closed);

const ConformalSet = Type.Object(
  {
    pooled: Type.Unsafe<Static<typeof ErrorRadius>>({
      ...ErrorRadius,
      description: 'One radius for all landmarks.',
    }),
    landmarks: Type.Array(Type.Object({ name: Type.String(), ...errorRadiusFields }, closed), {
      description: 'A radius for each landmark, in order.',
    }),
  },
  closed,
);

const Conformal = Type.Object(
  {
    method: Type.Literal('split conformal prediction over validation images'),
    level: Type.Number({
      description:
        'Share of the points of a further image of the same kind that a radius holds, in expectation.',
    }),
    unit: Type.Unsafe<'mm' | 'px'>({ type: 'string', enum: ['mm', 'px'] }),
    images: Type.Integer({
      minimum: 0,
      description: 'Validation images with at least one labeled landmark.',
    }),
    notice: Type.Optional(Type.String({ description: 'Why there is no radius.' })),
    teacher: ConformalSet,
    student: ConformalSet,
    ensemble: Type.Optional(ConformalSet),
  },
  {
    ...closed,
    description:
      'Radii around predicted landmarks within which the true ones lie. Where the validation images also chose the checkpoint they are a little too small.',
  },
);

const MetricsFile = Type.Object(
  {
    $schema: Type.Optional(Type.String()),
    version: Type.Literal(1),
    checkpoint: Type.Optional(
      Type.Object(
        {
          stage: Type.String(),
          step: Type.Integer({ description: 'Steps of the stage that were done.' }),
        },
        { ...closed, description: 'The checkpoint that was evaluated.' },
      ),
    ),
    teacher: Type.Optional(Metrics),
    student: Type.Optional(Metrics),
    ensemble: Type.Optional(Metrics),
    ensembleOf: Type.Optional(
      Type.String({ description: 'What the ensemble combines, and how: `mean of teacher, student`.' }),
    ),
    meanShape: Type.Optional(Metrics),
    conformal: Type.Optional(Conformal),
  },
  {
    ...closed,
    title: 'fsx metrics.json',
    description:
      'Landmark localization metrics on the test images: of the teacher, of the student, of an ensemble where one was asked for, and of the mean shape of the labeled training images.',
  },
);

export type Summary = Static<typeof Summary>;
export type LandmarkSummary = Static<typeof LandmarkSummary>;
export type Metrics = Static<typeof Metrics>;
export type ErrorRadius = Static<typeof ErrorRadius>;
export type ConformalSet = Static<typeof ConformalSet>;
export type Conformal = Static<typeof Conformal>;
/** The content of `metrics.json`. */
export type MetricsFile = Static<typeof MetricsFile>;

/** The JSON Schema of `metrics.json`, as committed in `schemas/metrics.schema.json`. */
export function metricsJsonSchema(): Record<string, unknown> {
  return { $schema: 'http://json-schema.org/draft-07/schema#', ...structuredClone(MetricsFile) };
}
