import { reshape, split, type Tensor, type Tensor1D } from '@tensorflow/tfjs-core';
import type { ForwardPass, ParameterLayout, Slot } from './parameters.ts';

/** Cuts a flat vector into its named blocks, in the layout's order. */
export function unflatten(vector: Tensor1D, slots: readonly Slot[]): Tensor[] {
  if (slots.length === 0) return [];
  const parts = split(
    vector,
    slots.map((slot) => slot.size),
  );
  return parts.map((part, index) => reshape(part, [...slots[index]!.shape]));
}

/** A pass over given blocks. In training, `observed` receives the batch's statistics, in the layout's order. */
export function forwardPass(
  layout: ParameterLayout,
  parameters: readonly Tensor[],
  statistics: readonly Tensor[],
  observed?: Map<string, Tensor>,
): ForwardPass {
  const parameterOf = byName(layout.parameters, parameters);
  const statisticOf = byName(layout.statistics, statistics);
  return {
    training: observed !== undefined,
    parameter: (slot) => parameterOf.get(slot.name)!,
    statistic: (slot) => statisticOf.get(slot.name)!,
    observe: (slot, value) => observed?.set(slot.name, value),
  };
}

function byName(slots: readonly Slot[], blocks: readonly Tensor[]): Map<string, Tensor> {
  return new Map(slots.map((slot, index) => [slot.name, blocks[index]!]));
}
