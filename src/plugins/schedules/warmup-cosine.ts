import { Type } from 'typebox';
import { definePlugin } from '../../core/plugins/definition.ts';
import type { Schedule } from '../../core/training/optimizer.ts';

const options = Type.Object(
  {
    warmupSteps: Type.Integer({ description: 'Steps of the linear rise from 0.', default: 50, minimum: 0 }),
    hold: Type.Number({
      description: 'Part of the stage at the full rate before the decay begins.',
      default: 0.7,
      minimum: 0,
      maximum: 1,
    }),
    final: Type.Number({
      description: 'The factor at the end of the stage.',
      default: 0.02,
      minimum: 0,
      maximum: 1,
    }),
  },
  { additionalProperties: false },
);

/** A linear rise, the full rate for a while, then half a cosine down to `final`. */
export const warmupCosine = definePlugin({
  kind: 'schedule',
  type: 'warmup-cosine',
  summary: 'Linear warm-up, a constant part, cosine decay',
  source: 'Loshchilov & Hutter, SGDR, ICLR 2017',
  options,
  create: ({ warmupSteps, hold, final }): Schedule => ({
    factor: (step, steps) => {
      const rise = Math.min(1, step / Math.max(1, warmupSteps));
      const decay = hold >= 1 ? 0 : Math.max(0, (step / steps - hold) / (1 - hold));
      return rise * (final + (1 - final) * 0.5 * (1 + Math.cos(Math.PI * decay)));
    },
  }),
});
