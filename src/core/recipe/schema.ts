import { type Static, type TInteger, type TNumber, type TProperties, type TSchema, Type } from 'typebox';
import type { EngineChoice } from '../engine/engine.ts';
import { pluginReference } from '../plugins/reference.ts';

/**
 * What a recipe says. One schema gives the TypeScript type, the validation, the defaults and the JSON Schema for
 * editors. Places that name a plugin are marked by `pluginReference`; `json-schema.ts` fills in the known ones.
 */

/** Where a split's images come from when the recipe does not say. */
const DEFAULT_SPLIT = { labeled: 5, unlabeled: 'rest', validation: 16, test: 64 } as const;

const closed = { additionalProperties: false } as const;

function section<P extends TProperties>(description: string, properties: P) {
  return Type.Object(properties, { ...closed, description, default: {} });
}

function requiredSection<P extends TProperties>(description: string, properties: P) {
  return Type.Object(properties, { ...closed, description });
}

function count(description: string, value: number, minimum = 1): TInteger {
  return Type.Integer({ description, default: value, minimum });
}

function positive(description: string, value: number): TNumber {
  return Type.Number({ description, default: value, exclusiveMinimum: 0 });
}

function radii(description: string, value: readonly number[]) {
  return Type.Array(Type.Number({ exclusiveMinimum: 0 }), { description, default: [...value], minItems: 1 });
}

function pipeline(description: string) {
  const step = pluginReference('augmentation', { description: 'one kind of variation' });
  return Type.Array(step, { description, default: [] });
}

function nullable<S extends TSchema>(schema: S, description: string) {
  return Type.Union([schema, Type.Null()], { description, default: null });
}

const SampleIds = Type.Array(Type.String({ minLength: 1 }), { uniqueItems: true });
const SampleCount = (minimum: number) => Type.Integer({ minimum });

const ENGINE_TYPES = (['auto', 'native', 'webgpu', 'wasm'] as const).map((type) => Type.Literal(type));

/** An engine by name alone, or with its threads; `loadRecipe` turns the first form into the second. */
const EngineSchema = Type.Unsafe<EngineChoice>(
  Type.Union(
    [
      Type.Union(ENGINE_TYPES),
      Type.Object(
        {
          type: Type.Optional(
            Type.Union(ENGINE_TYPES, {
              description:
                'auto takes native where it is installed, else webgpu where there is a GPU, else wasm',
              default: 'auto',
            }),
          ),
          threads: Type.Optional(
            Type.Integer({
              minimum: 1,
              description:
                'threads of native TensorFlow, all cores when it is left out; wasm has one, and webgpu needs none',
            }),
          ),
          device: Type.Optional(
            Type.String({
              pattern: '^(cpu|gpu(:[0-9]+)?)$',
              description:
                'cpu, gpu or gpu:1 (the second of those visible), for the native engine; a GPU where there is one when it is left out',
            }),
          ),
          gpuMemory: Type.Optional(
            Type.Number({
              exclusiveMinimum: 0,
              maximum: 1,
              description: "at most this fraction of the GPU's memory, which is taken as it is needed",
            }),
          ),
          precision: Type.Optional(
            Type.Union([Type.Literal('float32'), Type.Literal('bf16')], {
              description:
                'bf16: the native engine convolves in bfloat16 and keeps the maps between convolutions in it, faster on processors that have it (AVX512-BF16, AMX) and about as exact as PyTorch under autocast; float32 when it is left out',
            }),
          ),
        },
        closed,
      ),
    ],
    { description: 'which tensor engine runs', default: 'auto' },
  ),
);

const DataSchema = requiredSection('the images, and which of them are used for what', {
  dataset: pluginReference('dataset', { description: 'where the images and landmarks come from' }),
  split: section('which images are used for what; a function of the seed and the sample ids', {
    pool: nullable(
      Type.String(),
      'take training and validation images from this named part of the dataset only',
    ),
    labeled: Type.Union([Type.Literal('rest'), SampleCount(1), SampleIds], {
      description: 'labeled training images: how many, or which, or all that validation and test leave',
      default: DEFAULT_SPLIT.labeled,
    }),
    unlabeled: Type.Union([Type.Literal('rest'), SampleCount(0)], {
      description: 'unlabeled training images: how many, or all that no other part takes',
      default: DEFAULT_SPLIT.unlabeled,
    }),
    validation: Type.Union([SampleCount(0), SampleIds], {
      description: 'images that choose the best checkpoint: how many, or which',
      default: DEFAULT_SPLIT.validation,
    }),
    test: Type.Union([SampleCount(0), Type.String({ minLength: 1 }), SampleIds], {
      description: 'images that are only ever evaluated: how many, a named part of the dataset, or which',
      default: DEFAULT_SPLIT.test,
    }),
    seed: nullable(Type.Integer({ minimum: 0 }), "draws the split; null takes the recipe's seed"),
  }),
  image: section('what the network sees', {
    size: Type.Tuple([Type.Integer({ minimum: 16 }), Type.Integer({ minimum: 16 })], {
      description: 'height and width in pixels',
      default: [256, 256],
    }),
    fit: Type.Union([Type.Literal('pad'), Type.Literal('stretch')], {
      description: 'pad keeps the aspect ratio (image at the top left); stretch fills the frame',
      default: 'pad',
    }),
    oversample: Type.Number({
      description: 'images are kept in memory at size x this, so that augmentation can zoom in sharply',
      default: 1.5,
      minimum: 1,
      maximum: 4,
    }),
  }),
});

const ModelSchema = requiredSection('the network', {
  backbone: pluginReference('backbone', { description: 'turns an image into a feature map' }),
  head: pluginReference('graph-head', {
    description: 'turns the feature map into landmarks',
    default: { type: 'dag' },
  }),
  weights: nullable(
    Type.String({ minLength: 1 }),
    "a file of published PyTorch weights for the backbone (safetensors, timm's names), where stages without `from` start; null draws them",
  ),
});

const AugmentationSchema = section('random variation of training images', {
  weak: pipeline("the teacher's view of an unlabeled image"),
  strong: pipeline("labeled images, and the student's view of an unlabeled one"),
});

/** Settings of training; each may be overridden by a stage. */
const training = {
  loss: pluginReference('loss', {
    description: 'the supervised loss',
    compares: 'landmarks',
    default: { type: 'dag' },
  }),
  optimizer: pluginReference('optimizer', {
    description: 'updates the parameters',
    default: { type: 'adamw' },
  }),
  schedule: pluginReference('schedule', {
    description: 'how the learning rate moves over a stage',
    default: { type: 'warmup-cosine' },
  }),
  learningRate: positive('the highest learning rate of the schedule', 1e-3),
  labeledBatch: count('labeled images a step', 8),
  unlabeledBatch: count('unlabeled images a step, where the strategy uses them', 8),
  clipNorm: positive('the gradient is scaled down to this norm when it is longer', 1),
  ema: section('the teacher: an exponential moving average of the student', {
    decay: Type.Number({
      description: 'share of the teacher that is kept at each step',
      default: 0.99,
      minimum: 0,
      exclusiveMaximum: 1,
    }),
  }),
  validateEvery: count('steps between validations', 100),
  checkpointEvery: count('steps between checkpoints', 200),
  logEvery: count('steps between logged losses', 10),
};

const TrainingSchema = section('settings that every stage starts from', training);

const StageSchema = Type.Object(
  {
    name: Type.String({ description: 'for logs and for `from`', pattern: '^[A-Za-z0-9][A-Za-z0-9._-]*$' }),
    from: Type.Optional(
      Type.String({
        description:
          "where the weights start: an earlier stage's name or a checkpoint file; fresh when left out",
        minLength: 1,
      }),
    ),
    ssl: pluginReference('ssl', { description: 'how labeled and unlabeled images make one loss' }),
    steps: Type.Integer({ description: 'training steps', minimum: 1 }),
    ...Type.Partial(Type.Object(withoutDefaults(training))).properties,
  },
  { ...closed, description: 'one stage of training; settings of `training` may be given again here' },
);

const EvaluationSchema = section('what is measured at the end', {
  radiiMm: radii('success detection rates at these radii, where the pixel spacing is known', [2, 2.5, 3, 4]),
  radiiPx: radii('success detection rates at these radii, where it is not', [3, 6, 9, 12]),
  checkpoint: Type.Union([Type.Literal('last'), Type.Literal('best')], {
    description: 'the weights that are evaluated: those of the last step, or of the best validation',
    default: 'last',
  }),
  failureRadiusMm: positive('a mean error beyond this is a failed image, where the spacing is known', 10),
  failureRadiusPx: positive('a mean error beyond this is a failed image, where it is not', 30),
  views: count(
    'moved views of each image (a little turned, scaled, shifted) whose answers are averaged with the plain one; 0: none',
    0,
    0,
  ),
  flip: Type.Boolean({
    description: 'average with the answer for the mirrored image, left and right landmarks swapped back',
    default: false,
  }),
  matching: Type.Boolean({
    description:
      'move the landmarks to where the image looks most like the labeled ones do around theirs; the checkpoints then hold the labeled images',
    default: false,
  }),
  ensemble: Type.Boolean({
    description: 'also measure the mean of the landmarks of teacher and student',
    default: false,
  }),
  conformalLevel: Type.Number({
    description:
      'share of the true landmarks that the error radii, set on the validation images, are to hold',
    default: 0.9,
    exclusiveMinimum: 0,
    exclusiveMaximum: 1,
  }),
  overlays: count('test images drawn with truth and prediction', 12, 0),
  bootstrapSamples: count('resamplings of the images for 95 % intervals', 1000, 0),
});

export const RecipeSchema = Type.Object(
  {
    name: Type.String({
      description: 'for run folders and listings',
      pattern: '^[A-Za-z0-9][A-Za-z0-9._-]*$',
    }),
    description: Type.String({ description: 'for people', default: '' }),
    seed: Type.Integer({ description: 'decides everything that is drawn at random', default: 7, minimum: 0 }),
    plugins: Type.Array(Type.String({ minLength: 1 }), {
      description: 'plugins of your own: files beside this recipe, or npm packages',
      default: [],
    }),
    engine: EngineSchema,
    data: DataSchema,
    model: ModelSchema,
    augmentation: AugmentationSchema,
    training: TrainingSchema,
    stages: Type.Array(StageSchema, { description: 'stages of training, in order', minItems: 1 }),
    evaluation: EvaluationSchema,
    tracking: nullable(
      pluginReference('tracker', { description: 'a server that shows the run' }),
      'a server that shows the run, beside the journal on disk; null sends nothing',
    ),
    output: Type.String({ description: 'the folder for runs', default: 'runs', minLength: 1 }),
  },
  { ...closed, title: 'fsx recipe' },
);

/** A resolved recipe: every default filled in, every plugin's options complete. */
export type Recipe = Static<typeof RecipeSchema>;
export type TrainingSettings = Recipe['training'];
export type StageRecipe = Recipe['stages'][number];

/** A stage with all of its settings. */
export interface ResolvedStage extends TrainingSettings {
  readonly index: number;
  readonly name: string;
  readonly from: string | null;
  readonly ssl: StageRecipe['ssl'];
  readonly steps: number;
}

/**
 * A stage's settings: its own where it has them, else those of `training`.
 * @throws {RangeError} when the recipe has no such stage.
 */
export function resolveStage(recipe: Recipe, index: number): ResolvedStage {
  const stage = recipe.stages[index];
  if (stage === undefined)
    throw new RangeError(`the recipe has ${recipe.stages.length} stages, no stage ${index}`);
  const { from, ...own } = stage;
  return {
    ...recipe.training,
    ...own,
    ema: { ...recipe.training.ema, ...own.ema },
    from: from ?? null,
    index,
  };
}

/** The step of the whole run that a step of a stage is. With `stages.length` and 0: all of its steps. */
export function stepOfRun({ stages }: Pick<Recipe, 'stages'>, stage: number, step: number): number {
  return stages.slice(0, stage).reduce((total, { steps }) => total + steps, step);
}

/** The same properties, to be left out unless given: no defaults, at any depth. */
function withoutDefaults<P extends TProperties>(properties: P): P {
  const stripped = Object.entries(properties).map(([name, schema]) => [name, withoutDefault(schema)]);
  return Object.fromEntries(stripped) as P;
}

function withoutDefault(schema: TSchema): TSchema {
  const { default: _, ...rest } = schema as TSchema & { default?: unknown; properties?: TProperties };
  if (rest.properties === undefined) return rest;
  const { required: __, ...object } = rest as typeof rest & { required?: unknown };
  return { ...object, properties: withoutDefaults(rest.properties) } as TSchema;
}
