/**
 * What the images that `fsx data select` chooses are worth, measured without any training: the labels, which the choice
 * never sees, say how well the chosen shapes stand for those of the training pool, beside 200 random choices.
 *
 * `FSX_DATA=… npm run bench:select [-- RECIPE …]`; the recipes for real X-rays when none is named.
 */
import { createRegistry } from '../src/composition.ts';
import type { Point, Sample } from '../src/core/data/dataset.ts';
import { Random } from '../src/core/random.ts';
import { loadRecipe } from '../src/core/recipe/load.ts';
import { chooseGreedily, coverageOf, type Similarities } from '../src/core/selection/facility-location.ts';
import { compareImages } from '../src/core/selection/select-images.ts';
import { trainingPool } from '../src/core/selection/training-pool.ts';

const COUNT = 5;
const RANDOM_CHOICES = 200;

/** Landmarks of an image, in mm where the spacing is known, else in pixels. */
type Shape = readonly Point[];

/** A number that says how well some images stand for the pool. */
interface Measure {
  readonly name: string;
  readonly of: (chosen: readonly number[]) => number;
  readonly better: 'higher' | 'lower';
}

const recipes = process.argv.slice(2);
const named = recipes.length > 0 ? recipes : ['recipes/ceph-5shot.yaml', 'recipes/chest-shenzhen-5shot.yaml'];
for (const file of named) await measureRecipe(file);

async function measureRecipe(file: string): Promise<void> {
  const loaded = await loadRecipe(file, {
    createRegistry: () => createRegistry(),
    environment: process.env,
  });
  const { recipe, registry, baseDirectory } = loaded;
  const dataset = await registry.create('dataset', recipe.data.dataset, { baseDirectory });
  const { samples } = trainingPool(dataset, recipe);
  const start = performance.now();
  const similarities = await compareImages(dataset, samples, recipe);
  const greedy = chooseGreedily(similarities, COUNT);
  const seconds = (performance.now() - start) / 1000;
  const random = Array.from({ length: RANDOM_CHOICES }, (_, draw) =>
    new Random(draw, 'selection').shuffle([...samples.keys()]).slice(0, COUNT),
  );
  const choices: [string, readonly number[]][] = [['coverage', greedy]];
  const { labeled } = recipe.data.split;
  if (typeof labeled === 'object') {
    const position = new Map(samples.map(({ id }, index) => [id, index]));
    choices.push(["the recipe's own", labeled.map((id) => position.get(id)!)]);
  }
  console.log(`\n${recipe.name}: ${COUNT} of ${samples.length} images, ${seconds.toFixed(1)} s`);
  console.log(`chosen: ${greedy.map((index) => samples[index]!.id).join(', ')}`);
  for (const measure of measuresOf(similarities, samples.map(shapeOf), unitOf(samples)))
    report(measure, choices, random);
}

function report(
  { name, of, better }: Measure,
  choices: readonly (readonly [string, readonly number[]])[],
  random: readonly (readonly number[])[],
): void {
  const values = random.map(of).sort((a, b) => a - b);
  const at = (share: number) => values[Math.round(share * (values.length - 1))]!.toFixed(3);
  console.log(`  ${name} (${better} is better): random ${at(0.5)}, 5 to 95 % ${at(0.05)} to ${at(0.95)}`);
  for (const [label, chosen] of choices) {
    const value = of(chosen);
    const beaten = values.filter((other) => (better === 'lower' ? other > value : other < value)).length;
    console.log(
      `    ${label}: ${value.toFixed(3)}, better than ${((100 * beaten) / values.length).toFixed(0)} % of them`,
    );
  }
}

function measuresOf(similarities: Similarities, shapes: readonly Shape[], unit: string): Measure[] {
  const nearest = (chosen: readonly number[], distance: (from: Shape, to: Shape) => number) =>
    mean(shapes.map((shape) => Math.min(...chosen.map((index) => distance(shapes[index]!, shape)))));
  const lower = { better: 'lower' } as const;
  return [
    { name: 'coverage', of: (chosen) => coverageOf(similarities, chosen).at(-1)!.coverage, better: 'higher' },
    {
      name: `error of the mean shape, ${unit}`,
      of: (chosen) => {
        const centre = meanShape(chosen.map((index) => shapes[index]!));
        return mean(shapes.map((shape) => meanDistance(centre, shape)));
      },
      ...lower,
    },
    { name: `error of the nearest shape, ${unit}`, of: (chosen) => nearest(chosen, meanDistance), ...lower },
    {
      name: `error of the nearest shape after alignment, ${unit}`,
      of: (chosen) => nearest(chosen, (from, to) => meanDistance(aligned(from, to), to)),
      ...lower,
    },
  ];
}

function shapeOf({ id, landmarks, spacing }: Sample): Shape {
  return landmarks.map((point): Point => {
    if (point === null) throw new Error(`${id} is not completely labeled`);
    return [point[0] * (spacing?.xMm ?? 1), point[1] * (spacing?.yMm ?? 1)];
  });
}

function unitOf(samples: readonly Sample[]): string {
  return samples.every(({ spacing }) => spacing !== undefined) ? 'mm' : 'px';
}

function meanShape(shapes: readonly Shape[]): Shape {
  return shapes[0]!.map(
    (_, landmark): Point => [
      mean(shapes.map((shape) => shape[landmark]![0])),
      mean(shapes.map((shape) => shape[landmark]![1])),
    ],
  );
}

function meanDistance(a: Shape, b: Shape): number {
  return mean(a.map(([x, y], landmark) => Math.hypot(x - b[landmark]![0], y - b[landmark]![1])));
}

/** Moves, turns and scales a shape to another with the least squared distance (Procrustes, no reflection). */
function aligned(from: Shape, to: Shape): Shape {
  const [centreFrom, centreTo] = [from, to].map(
    (shape): Point => [mean(shape.map(([x]) => x)), mean(shape.map(([, y]) => y))],
  ) as [Point, Point];
  let [real, imaginary, norm] = [0, 0, 0];
  for (const [landmark, point] of from.entries()) {
    const [x, y] = [point[0] - centreFrom[0], point[1] - centreFrom[1]];
    const [u, v] = [to[landmark]![0] - centreTo[0], to[landmark]![1] - centreTo[1]];
    real += x * u + y * v;
    imaginary += x * v - y * u;
    norm += x * x + y * y;
  }
  const [c, s] = [real / norm, imaginary / norm];
  return from.map((point): Point => {
    const [x, y] = [point[0] - centreFrom[0], point[1] - centreFrom[1]];
    return [c * x - s * y + centreTo[0], s * x + c * y + centreTo[1]];
  });
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
