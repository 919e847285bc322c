import {
  add,
  cast,
  clone,
  concat,
  dispose,
  div,
  engine,
  isFinite as isFiniteTensor,
  keep,
  minimum,
  mul,
  type NamedTensorMap,
  reshape,
  type Scalar,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor4D,
  tidy,
  where,
  zerosLike,
} from '@tensorflow/tfjs-core';
import type { TensorFunction } from '../engine/engine.ts';
import { forwardPass, unflatten } from '../nn/forward.ts';
import type { LandmarkModel } from '../nn/landmark-model.ts';
import type { Slot } from '../nn/parameters.ts';
import type { Optimizer } from './optimizer.ts';
import type { LabeledBatch, LandmarkLoss, SslStrategy, StrategyStep, UnlabeledBatch } from './strategy.ts';

/** What a stage's step is made of. */
export interface StepParts {
  readonly model: LandmarkModel;
  readonly strategy: SslStrategy;
  readonly supervisedLoss: LandmarkLoss;
  readonly optimizer: Optimizer;
  /** The gradient's norm is cut to this. */
  readonly clipNorm: number;
}

/** New batch-norm statistics are this much of the old and the rest of the batch's (PyTorch's momentum 0.1). */
const STATISTICS_DECAY = 0.9;

/**
 * One step of training as a pure function of tensors. Inputs by name: the state (see `state.ts`); `labeled.*` and
 * `unlabeled.*`, the fields of the batches; `constant.meanShape` and `constant.decayMask`; `scalar.step`,
 * `scalar.learningRate`, `scalar.emaDecay` and `strategy.<name>` for the strategy's own. Outputs: the new state, and
 * `metric.<name>`: `loss`, `loss.<part>`, `gradient_norm` and `finite`. A gradient that is not finite counts as zero,
 * and what batch norm and the strategy saw with it is forgotten. Parameters that the loss does not depend on stay as
 * they are: they do not decay.
 */
export function trainingStep(parts: StepParts): TensorFunction {
  return (inputs) => {
    const step = strategyStep(parts, inputs);
    const lesson = teach(parts, inputs, step);
    const { gradient, decayMask, statistics, metrics, memory } = learn(parts, inputs, step, lesson);
    const { clipped, length, finite } = clip(gradient, parts.clipNorm);
    const orAsBefore = ([name, fresh]: [string, Tensor]) => [name, where(finite, fresh, inputs[name]!)];
    const student = {
      ...updateParameters(parts, inputs, clipped, decayMask),
      'student.statistics': where(finite, statistics, inputs['student.statistics']!),
    };
    return {
      ...student,
      ...updateTeacher(inputs, student),
      ...asBefore(inputs),
      ...Object.fromEntries(Object.entries(memory).map(orAsBefore)),
      ...metrics,
      'metric.gradient_norm': length,
      'metric.finite': cast(finite, 'float32'),
    };
  };
}

function strategyStep({ strategy }: StepParts, inputs: NamedTensorMap): StrategyStep {
  const labeled = prefixed(inputs, 'labeled.') as unknown as LabeledBatch;
  const scalars = prefixed(inputs, 'strategy.') as Record<string, Scalar>;
  const memory = prefixed(inputs, 'memory.') as Record<string, Tensor2D>;
  if (!strategy.usesUnlabeled) return { labeled, scalars, memory };
  const unlabeled = prefixed(inputs, 'unlabeled.') as unknown as UnlabeledBatch;
  return { labeled, scalars, memory, unlabeled };
}

function teach({ model, strategy }: StepParts, inputs: NamedTensorMap, step: StrategyStep): NamedTensorMap {
  const { layout } = model;
  const network = (weights: 'teacher' | 'origin') => (images: Tensor4D) => {
    const parameters = unflatten(inputs[`${weights}.parameters`] as Tensor1D, layout.parameters);
    const statistics = unflatten(inputs[`${weights}.statistics`] as Tensor1D, layout.statistics);
    return model.forward(images, meanShape(inputs), forwardPass(layout, parameters, statistics));
  };
  return tidy(() => strategy.teach({ ...step, teacher: network('teacher'), origin: network('origin') }));
}

/** The gradient by the flat parameters, the batch statistics that the student saw, and the losses. */
function learn(parts: StepParts, inputs: NamedTensorMap, step: StrategyStep, lesson: NamedTensorMap) {
  const { model, strategy, supervisedLoss } = parts;
  const { layout } = model;
  const observed = new Map<string, Tensor>();
  const metrics: NamedTensorMap = {};
  const memory: NamedTensorMap = {};
  const kept = () => [...Object.values(metrics), ...Object.values(memory), ...observed.values()];
  const loss = (...blocks: Tensor[]): Scalar => {
    const pass = forwardPass(layout, blocks, [], observed);
    const student = (images: Tensor4D) => model.forward(images, meanShape(inputs), pass);
    const features = (images: Tensor4D) => model.backbone.forward(images, pass);
    const value = strategy.loss({ ...step, lesson, supervisedLoss, student, features });
    metrics['metric.loss'] = value.total;
    for (const [name, part] of Object.entries(value.parts)) metrics[`metric.loss.${name}`] = part;
    for (const [name, part] of Object.entries(value.memory ?? {})) memory[`memory.${name}`] = part;
    // The tape frees whatever the loss does not return: these are freed below instead.
    for (const tensor of kept()) keep(tensor);
    return value.total;
  };
  const blocks = unflatten(inputs['student.parameters'] as Tensor1D, layout.parameters);
  // Not `tf.grads`, which refuses a loss that some of the parameters do not reach.
  const gradients = engine().gradients(() => loss(...blocks), blocks, undefined, true).grads;
  const flat = blocks.map((block, index) => reshape(gradients[index] ?? zerosLike(block), [-1]));
  const result = {
    gradient: concat(flat) as Tensor1D,
    decayMask: decayOf(inputs['constant.decayMask'] as Tensor1D, layout.parameters, gradients),
    statistics: observedStatistics(parts, inputs, observed),
    metrics: cloned(metrics),
    memory: cloned(memory),
  };
  dispose(kept());
  return result;
}

/** The mask of weight decay, 0 too for blocks without a gradient. */
function decayOf(
  mask: Tensor1D,
  slots: readonly Slot[],
  gradients: readonly (Tensor | undefined)[],
): Tensor1D {
  if (gradients.every((gradient) => gradient !== undefined)) return mask;
  const blocks = unflatten(mask, slots);
  return concat(
    blocks.map((block, index) => reshape(gradients[index] === undefined ? zerosLike(block) : block, [-1])),
  );
}

function cloned(tensors: NamedTensorMap): NamedTensorMap {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, clone(tensor)]));
}

/** The statistics after this batch: mostly the old ones, and wholly where no batch norm was passed. */
function observedStatistics(
  { model }: StepParts,
  inputs: NamedTensorMap,
  observed: Map<string, Tensor>,
): Tensor {
  const old = inputs['student.statistics']!;
  const slots = model.layout.statistics;
  if (slots.length === 0) return clone(old);
  const current = unflatten(old as Tensor1D, slots);
  const seen = concat(slots.map(({ name }, index) => (observed.get(name) ?? current[index]) as Tensor1D));
  return average(old, seen, STATISTICS_DECAY);
}

function clip(gradient: Tensor1D, limit: number) {
  const length = sqrt(sum(square(gradient))) as Scalar;
  const finite = isFiniteTensor(length);
  const factor = minimum(1, div(limit, add(length, 1e-6)));
  const clipped = where(finite, mul(gradient, factor), zerosLike(gradient)) as Tensor1D;
  return { clipped, length, finite };
}

function updateParameters(
  { optimizer }: StepParts,
  inputs: NamedTensorMap,
  gradient: Tensor1D,
  decayMask: Tensor1D,
): NamedTensorMap {
  const { parameters, slots } = optimizer.update({
    parameters: inputs['student.parameters'] as Tensor1D,
    gradient,
    slots: prefixed(inputs, 'optimizer.') as Record<string, Tensor1D>,
    decayMask,
    learningRate: inputs['scalar.learningRate'] as Scalar,
    step: inputs['scalar.step'] as Scalar,
  });
  const named = Object.entries(slots).map(([slot, vector]) => [`optimizer.${slot}`, vector]);
  return { 'student.parameters': parameters, ...Object.fromEntries(named) };
}

/** The teacher is the exponential moving average of the student, batch-norm statistics included. */
function updateTeacher(inputs: NamedTensorMap, student: NamedTensorMap): NamedTensorMap {
  const decay = inputs['scalar.emaDecay']!;
  const follow = (vector: string) =>
    average(inputs[`teacher.${vector}`]!, student[`student.${vector}`]!, decay);
  return { 'teacher.parameters': follow('parameters'), 'teacher.statistics': follow('statistics') };
}

/** What a strategy keeps and a step need not change: the network that the stage started from, and memories. */
function asBefore(inputs: NamedTensorMap): NamedTensorMap {
  const kept = Object.entries(inputs).filter(([name]) => /^(origin|memory)\./.test(name));
  return cloned(Object.fromEntries(kept));
}

/** `decay old + (1 - decay) recent`. */
function average(old: Tensor, recent: Tensor, decay: Tensor | number): Tensor {
  return add(mul(old, decay), mul(recent, sub(1, decay)));
}

function meanShape(inputs: NamedTensorMap): Tensor2D {
  return inputs['constant.meanShape'] as Tensor2D;
}

/** The entries whose name begins with the prefix, without it. */
function prefixed(map: NamedTensorMap, prefix: string): NamedTensorMap {
  const entries = Object.entries(map).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(entries.map(([name, tensor]) => [name.slice(prefix.length), tensor]));
}
