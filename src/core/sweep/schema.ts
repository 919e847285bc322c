import { type Static, Type } from 'typebox';
import { pluginReference } from '../plugins/reference.ts';
import { partialRecipe } from '../recipe/partial.ts';

/** What a sweep file says: a recipe, and the axes along which its trials differ. */

const closed = { additionalProperties: false } as const;

const Range = (description: string) => Type.Tuple([Type.Number(), Type.Number()], { description });

const RandomAxisSchema = Type.Object(
  {
    uniform: Type.Optional(Range('any number between two')),
    logUniform: Type.Optional(Range('any number between two positive ones, each magnitude as likely')),
    integer: Type.Optional(
      Type.Tuple([Type.Integer(), Type.Integer()], {
        description: 'a whole number between two, ends included',
      }),
    ),
    choice: Type.Optional(Type.Array(Type.Unknown(), { description: 'one of these values', minItems: 1 })),
  },
  { ...closed, minProperties: 1, maxProperties: 1, description: 'how a value is drawn' },
);

const Values = Type.Array(Type.Unknown(), { description: 'the values of a path of the recipe', minItems: 1 });

export const SweepSchema = Type.Object(
  {
    name: Type.String({
      description: 'for the folder and the reports',
      pattern: '^[A-Za-z0-9][A-Za-z0-9._-]*$',
    }),
    description: Type.String({ description: 'for people', default: '' }),
    recipe: Type.String({
      description: 'the recipe that the trials change, relative to this file',
      minLength: 1,
    }),
    set: partialRecipe('what every trial has in common, merged over the recipe first'),
    seeds: Type.Array(Type.Integer({ minimum: 0 }), {
      description: "each point is trained with each of these seeds; empty takes the recipe's own",
      default: [],
      uniqueItems: true,
    }),
    grid: Type.Record(Type.String(), Values, {
      description: 'values by path (`training.learningRate`): every combination is a point',
      default: {},
    }),
    zip: Type.Array(
      Type.Record(Type.String(), Values, {
        description: 'values by path, as many for each: the first of all, the second of all, …',
        minProperties: 1,
      }),
      { description: 'groups of paths that change together; combined with the other axes', default: [] },
    ),
    random: Type.Object(
      {
        samples: Type.Integer({ description: 'how many times the axes are drawn', default: 0, minimum: 0 }),
        seed: Type.Integer({
          description: 'decides what is drawn; more samples keep the ones before',
          default: 0,
          minimum: 0,
        }),
        axes: Type.Record(Type.String(), RandomAxisSchema, {
          description: 'how the value of each path is drawn',
          default: {},
        }),
      },
      { ...closed, description: 'values that are drawn; combined with the other axes', default: {} },
    ),
    objective: Type.Object(
      {
        metric: Type.String({
          description: 'the tracked metric that ranks the points; the test images should not choose',
          default: 'val/mre_px',
          minLength: 1,
        }),
        goal: Type.Union([Type.Literal('minimize'), Type.Literal('maximize')], {
          description: 'which end is better',
          default: 'minimize',
        }),
        over: Type.Union([Type.Literal('last'), Type.Literal('best')], {
          description: 'the last value that a run tracked, or its best',
          default: 'last',
        }),
      },
      { ...closed, description: 'what makes a point better than another', default: {} },
    ),
    plugins: Type.Array(Type.String({ minLength: 1 }), {
      description: 'plugins of your own with launchers: files beside this one, or npm packages',
      default: [],
    }),
    launcher: pluginReference('launcher', {
      description: 'where the trials run',
      default: { type: 'local' },
    }),
  },
  { ...closed, title: 'fsx sweep' },
);

export type SweepSettings = Static<typeof SweepSchema>;
export type RandomAxis = Static<typeof RandomAxisSchema>;
export type Objective = SweepSettings['objective'];
