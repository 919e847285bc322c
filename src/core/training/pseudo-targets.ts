import { mean, mul, type Scalar } from '@tensorflow/tfjs-core';
import { type ConfidenceRule, judgedOutput } from './confidence.ts';
import { type Lesson, lessonFrom } from './consistency.ts';
import type { Network } from './moved-views.ts';
import type { LearningStep, LossValue, UnlabeledBatch } from './strategy.ts';
import { missOfLesson, studentOutputs, supervisedAnd } from './student-pass.ts';
import { renamedInStrongView } from './view-change.ts';

/** A network's landmarks of the weak views as labels of the strong ones; those that are not trusted weigh less or 0. */
export function pseudoTargets(network: Network, unlabeled: UnlabeledBatch, rule: ConfidenceRule): Lesson {
  const { landmarks, confidence } = judgedOutput(network, unlabeled.weak, rule);
  const { targets, weight } = lessonFrom({ landmarks }, unlabeled);
  return { targets, weight: mul(weight, renamedInStrongView(confidence, unlabeled)) };
}

/**
 * The supervised loss of labeled images, and on pseudo targets by the weight `pseudo`: the mean over all landmarks, so
 * that few trusted ones pull little. `trusted` is the part of the landmarks that is.
 */
export function learnPseudoTargets(step: LearningStep): LossValue {
  const [supervised, own] = studentOutputs(step, step.labeled.images, step.unlabeled!.strong);
  const trusted = mean((step.lesson as Lesson).weight) as Scalar;
  const { total, parts } = supervisedAnd(step, supervised!, {
    pseudo: mul(missOfLesson(step, own!), trusted),
  });
  return { total, parts: { ...parts, trusted } };
}
