import { type Static, Type } from 'typebox';
import { partialRecipe } from '../recipe/partial.ts';

/**
 * What a benchmark file says: datasets x methods x seeds. Recipes in part (`set`) are checked as parts of the recipes
 * that they make; `json-schema.ts` tells editors what they may hold.
 */

const closed = { additionalProperties: false } as const;

const DatasetSchema = Type.Object(
  {
    recipe: Type.String({
      description: 'the recipe that the methods change, relative to this file',
      minLength: 1,
    }),
    set: partialRecipe('what is different on this dataset, merged over its recipe'),
  },
  { ...closed, description: 'a dataset: a recipe, and what is different in it' },
);

const MethodSchema = Type.Object(
  {
    description: Type.String({ description: 'for people, shown below the tables', default: '' }),
    set: partialRecipe("what the method is: merged over each dataset's recipe"),
    against: Type.Optional(
      Type.String({ description: 'the method that this one is tested against, instead of `reference`' }),
    ),
  },
  { ...closed, description: 'a method: what it changes in the recipe of a dataset' },
);

const ExclusionSchema = Type.Object(
  {
    dataset: Type.Optional(Type.String({ description: 'on this dataset only' })),
    method: Type.Optional(Type.String({ description: 'with this method only' })),
    seed: Type.Optional(Type.Integer({ description: 'with this seed only', minimum: 0 })),
  },
  { ...closed, minProperties: 1, description: 'combinations to leave out: all that match every key given' },
);

export const BenchmarkSchema = Type.Object(
  {
    name: Type.String({
      description: 'for the folder and the reports',
      pattern: '^[A-Za-z0-9][A-Za-z0-9._-]*$',
    }),
    description: Type.String({ description: 'for people', default: '' }),
    seeds: Type.Array(Type.Integer({ minimum: 0 }), {
      description: 'each draws the split, the first weights and the batches; named images stay as they are',
      minItems: 1,
      uniqueItems: true,
    }),
    set: partialRecipe('what every trial has in common, merged over the recipes first'),
    datasets: Type.Record(Type.String(), DatasetSchema, {
      description: 'datasets by name',
      minProperties: 1,
    }),
    methods: Type.Record(Type.String(), MethodSchema, {
      description: 'methods by name, in the order of the tables',
      minProperties: 1,
    }),
    reference: Type.String({ description: 'the method that the others are tested against' }),
    exclude: Type.Array(ExclusionSchema, { description: 'combinations to leave out', default: [] }),
  },
  { ...closed, title: 'fsx benchmark' },
);

export type BenchmarkSettings = Static<typeof BenchmarkSchema>;
