import { type Static, Type } from 'typebox';

/** What the descriptions of a phantom's options say of it. */
interface Wording {
  readonly fieldOfView: string;
  /** Of shape variation 0 and 1. */
  readonly shapes: string;
  /** Of pose variation. */
  readonly pose: string;
  readonly largestPose: number;
}

/** The options that all phantoms have. */
export const phantomOptions = ({ fieldOfView, shapes, pose, largestPose }: Wording) => ({
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
    description: `Width and height in pixels; the field of view is ${fieldOfView} whatever the size.`,
  }),
  seed: Type.Integer({ default: 0, description: 'Radiograph i depends on this seed and on i alone.' }),
  shapeVariation: Type.Number({
    minimum: 0,
    maximum: 1.5,
    default: 1,
    description: `Scales the spread of the anatomy: 0 draws ${shapes}.`,
  }),
  poseVariation: Type.Number({
    minimum: 0,
    maximum: largestPose,
    default: 1,
    description: `Scales ${pose}.`,
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
});

const PHANTOM_OPTIONS = Type.Object(
  phantomOptions({ fieldOfView: '', shapes: '', pose: '', largestPose: 1 }),
);

export type PhantomOptions = Static<typeof PHANTOM_OPTIONS>;
