import { Type } from 'typebox';
import { definePlugin } from '../../core/plugins/definition.ts';
import type { Schedule } from '../../core/training/optimizer.ts';

/** The same rate at every step. */
export const constantSchedule = definePlugin({
  kind: 'schedule',
  type: 'constant',
  summary: 'The learning rate as it is',
  options: Type.Object({}, { additionalProperties: false }),
  create: (): Schedule => ({ factor: () => 1 }),
});
