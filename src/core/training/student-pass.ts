import {
  add,
  concat,
  mul,
  type Scalar,
  type Tensor2D,
  type Tensor3D,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
import type { ModelOutput } from '../nn/model.ts';
import { rowsOf } from './batch-rows.ts';
import type { LearningStep, LossValue } from './strategy.ts';

/** The student's output for each of several sets of images, from one pass, so that batch norm sees them as one batch. */
export function studentOutputs(step: LearningStep, ...sets: readonly Tensor4D[]): ModelOutput[] {
  const output = step.student(concat([...sets], 0));
  let first = 0;
  return sets.map(({ shape: [count] }) => {
    const rows = rowsOf(output, first, count);
    first += count;
    return rows;
  });
}

/** The supervised loss of the strong views, with the landmarks of the lesson for labels: it teaches every head. */
export function missOfLesson({ supervisedLoss, lesson }: LearningStep, own: ModelOutput): Scalar {
  return supervisedLoss.evaluate(own, lesson.targets as Tensor3D, lesson.weight as Tensor2D).total;
}

/**
 * The supervised loss, plus each other loss times the scalar of its name.
 * @param output the student's, of the labeled images.
 */
export function supervisedAnd(
  { supervisedLoss, labeled, scalars }: LearningStep,
  output: ModelOutput,
  others: Readonly<Record<string, Scalar>>,
): LossValue {
  const supervised = supervisedLoss.evaluate(output, labeled.landmarks, labeled.present);
  const total = Object.entries(others).reduce<Scalar>(
    (sum, [name, loss]) => add(sum, mul(loss, scalars[name]!)),
    supervised.total,
  );
  return { total, parts: { ...supervised.parts, ...others } };
}
