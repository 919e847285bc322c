import * as tf from '@tensorflow/tfjs-core';
import { createRegistry } from '../../../src/composition.ts';
import { FIELD_NODES } from '../../../src/core/data/displacement.ts';
import type { TensorFunction } from '../../../src/core/engine/engine.ts';
import { buildModel } from '../../../src/core/nn/landmark-model.ts';
import type { Anatomy } from '../../../src/core/nn/model.ts';
import type { PluginReference } from '../../../src/core/plugins/definition.ts';
import { Random } from '../../../src/core/random.ts';
import {
  freshWeights,
  fromTensors,
  type StateLayout,
  type StateVectors,
  stateFrom,
  stateLayout,
  toTensors,
} from '../../../src/core/training/state.ts';
import { type StepParts, trainingStep } from '../../../src/core/training/step.ts';
import type { LandmarkLoss, SslStrategy } from '../../../src/core/training/strategy.ts';
import { dotHead, dotLoss } from '../../support/heatmap-parts.ts';

const LANDMARKS = 3;
const BATCH = 2;
/** Or, where the backbone's divisor does not divide them, the next multiples of it. */
const [HEIGHT, WIDTH] = [16, 20];

export interface TinyTraining extends StepParts {
  readonly run: ReturnType<typeof trainingStep>;
  readonly start: StateVectors;
  readonly layout: StateLayout;
}

const MEAN_SHAPE = [0.3, 0.3, 0.7, 0.3, 0.5, 0.7];
const UNLABELED = 4;

/**
 * A teacher-student training small enough to run in a moment; images are not square. The head `dot` and the loss `dot`
 * are there besides the built-in ones.
 */
export async function tinyTraining({
  clipNorm = 1,
  weightDecay = 1e-4,
  backbone = { type: 'tiny', width: 4, channels: 6 } as PluginReference,
  ssl = { type: 'few-shot-dag' } as PluginReference,
  head = { type: 'dag', hidden: 8, blocks: 1, localSteps: 2 } as PluginReference,
  supervised = { type: 'dag' } as PluginReference,
  strategy: changes = {} as Partial<SslStrategy>,
} = {}): Promise<TinyTraining> {
  const plugins = await createRegistry();
  plugins.register(dotHead);
  plugins.register(dotLoss);
  const anatomy: Anatomy = {
    landmarkCount: LANDMARKS,
    meanShape: Float32Array.from(MEAN_SHAPE),
    edges: [[0, 1]],
  };
  const model = buildModel(plugins, { backbone, head }, anatomy);
  const loss = (reference: Parameters<typeof plugins.create>[1]) => plugins.create('loss', reference, {});
  const context = { landmarkLoss: loss, featureLoss: loss } as Parameters<typeof plugins.create<'ssl'>>[2];
  const strategy: SslStrategy = { ...plugins.create('ssl', ssl, context), ...changes };
  const optimizer = plugins.create('optimizer', { type: 'adamw', weightDecay }, {});
  const supervisedLoss = loss(supervised) as LandmarkLoss;
  const parts = { model, strategy, supervisedLoss, optimizer, clipNorm };
  const layout = stateLayout(model.layout, parts, LANDMARKS, UNLABELED);
  const start = stateFrom(freshWeights(model.layout, 7), layout);
  return { ...parts, run: trainingStep(parts), start, layout };
}

/** All of a step's inputs but the state. The same for the same step. */
export function tinyInputs({ model, strategy }: TinyTraining, step: number): tf.NamedTensorMap {
  const random = new Random('tiny training', step);
  const draw = (shape: number[], low: number, high: number) => {
    const size = shape.reduce((product, extent) => product * extent, 1);
    return tf.tensor(
      Float32Array.from({ length: size }, () => random.uniform(low, high)),
      shape,
    );
  };
  const { divisor } = model.backbone;
  const [height, width] = [HEIGHT, WIDTH].map((pixels) => Math.ceil(pixels / divisor) * divisor);
  const images = () => draw([BATCH, height!, width!, 1], -2, 2);
  const identity = [1, 0, 0, 0, 1, 0, 0, 0, 1];
  const mirror = [0, 1, 0, 1, 0, 0, 0, 0, 1];
  const scalars = Object.entries(strategy.scalars({ done: step / 10, epoch: step - 1 })).map(
    ([name, value]) => [`strategy.${name}`, tf.scalar(value)],
  );
  return {
    'labeled.images': images(),
    'labeled.landmarks': draw([BATCH, LANDMARKS, 2], 0.2, 0.8),
    'labeled.present': tf.tensor2d([1, 1, 1, 1, 0, 1], [BATCH, LANDMARKS]),
    'unlabeled.weak': images(),
    'unlabeled.strong': images(),
    'unlabeled.weakToStrong': tf.tensor3d([0.9, 0.1, 0, -0.1, 1, 0.1, -1, 0, 1, 0, 1, 0], [BATCH, 2, 3]),
    'unlabeled.permutation': tf.tensor3d([...identity, ...mirror], [BATCH, LANDMARKS, LANDMARKS]),
    'unlabeled.displacement': draw([BATCH, FIELD_NODES, FIELD_NODES, 2], -0.002, 0.002),
    'unlabeled.position': tf.tensor1d([(2 * step) % UNLABELED, (2 * step + 1) % UNLABELED]),
    'constant.meanShape': tf.tensor2d(MEAN_SHAPE, [LANDMARKS, 2]),
    'constant.decayMask': tf.ones([model.layout.parameterCount]),
    'scalar.step': tf.scalar(step),
    'scalar.learningRate': tf.scalar(0.01),
    'scalar.emaDecay': tf.scalar(0.75),
    ...Object.fromEntries(scalars),
  };
}

/** Some steps, five if not said otherwise: their losses, how many tensors there were after each, and the state in the end. */
export async function train(
  run: TensorFunction,
  training: TinyTraining,
  { from = 1, to = 5, state: start = training.start, inputs: makeInputs = tinyInputs } = {},
): Promise<{ losses: number[]; counts: number[]; end: StateVectors }> {
  const losses: number[] = [];
  const counts: number[] = [];
  let state = toTensors(start, training.layout);
  for (let step = from; step <= to; step++) {
    const inputs = makeInputs(training, step);
    const outputs = run({ ...state, ...inputs });
    losses.push((await outputs['metric.loss']!.data())[0]!);
    const isState = ([name]: [string, tf.Tensor]) => name in state;
    const next = Object.fromEntries(Object.entries(outputs).filter(isState));
    tf.dispose([
      state,
      inputs,
      Object.entries(outputs)
        .filter((entry) => !isState(entry))
        .map(([, tensor]) => tensor),
    ]);
    state = next;
    counts.push(tf.memory().numTensors);
  }
  const end = await fromTensors(state);
  tf.dispose(state);
  return { losses, counts, end };
}
