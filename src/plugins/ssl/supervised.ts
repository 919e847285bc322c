import { Type } from 'typebox';
import { definePlugin } from '../../core/plugins/definition.ts';
import type { SslStrategy } from '../../core/training/strategy.ts';

/** Labeled images alone. */
export const supervised = definePlugin({
  kind: 'ssl',
  type: 'supervised',
  summary: 'Labeled images alone: the first stage, and the baseline of every comparison',
  source: 'Li et al., ECCV 2020',
  options: Type.Object({}, { additionalProperties: false }),
  create: (): SslStrategy => ({
    usesUnlabeled: false,
    scalars: () => ({}),
    teach: () => ({}),
    loss: ({ labeled, student, supervisedLoss }) =>
      supervisedLoss.evaluate(student(labeled.images), labeled.landmarks, labeled.present),
  }),
});
